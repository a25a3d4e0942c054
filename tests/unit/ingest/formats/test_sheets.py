"""XLSX and XLS."""

from pathlib import Path

import pytest

from service.errors import CorruptError, TooLargeError
from service.ingest import media_types
from tests.unit.ingest.formats.builders import parsed, paths, sheet_xml, with_member, xlsx

HIVES = {"Hives": [["Hive", "Frames"], ["Oak", 12], [None, None], ["Lime", 8]], "Notes": [["None yet"]]}


def test_a_sheet_is_a_page_and_a_section_of_its_name():
    read = parsed(xlsx(HIVES))
    assert read.title == "Hives"
    assert read.text == "# Hives\n\n| Hive | Frames |\n| Oak | 12 |\n| Lime | 8 |\n\n# Notes\n\n| None yet |"
    assert paths(read) == [("Hives", "# Hives", 1), ("Notes", "# Notes", 2)]


def test_hidden_and_empty_sheets_are_not_read():
    read = parsed(xlsx(HIVES | {"Empty": []}, hidden="Notes"))
    assert paths(read) == [("Hives", "# Hives", 1)]


def test_the_older_binary_format_is_read_too():
    read = parsed((Path(__file__).parent / "hives.xls").read_bytes(), media_types.XLS)
    assert read.text == "# Hives\n\n| Hive | Frames | Since |\n| Oak | 12 | 1990-01-02 |\n| Lime | 8.5 | 2001-05-06 |"


def test_a_sheet_whose_cells_lie_far_apart_is_refused_before_the_space_between_is_allocated():
    apart = with_member(xlsx(HIVES), "xl/worksheets/sheet1.xml", sheet_xml({(1, 0): 1, (1_048_576, "XFD"): 2}))
    with pytest.raises(TooLargeError, match="spans at most 10000000 cells, got 17179869184"):
        parsed(apart)


def test_a_long_narrow_sheet_is_read():
    rows = {(row, 0): f"hive {row}" for row in range(1, 20_001)}
    read = parsed(with_member(xlsx({"Long": []}), "xl/worksheets/sheet1.xml", sheet_xml(rows)))
    assert read.text.endswith("| hive 20000 |")


def test_a_damaged_workbook_is_corrupt():
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        with pytest.raises(CorruptError):
            parsed(with_member(xlsx(HIVES), name, "<workbook"))
