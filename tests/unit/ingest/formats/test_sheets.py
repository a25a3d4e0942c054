"""XLSX, XLSB and XLS."""

import datetime as dt
from pathlib import Path

import pytest

from service.errors import CorruptError, EncryptedError, TooLargeError
from service.ingest import media_types
from tests.unit.ingest.formats.builders import locked_xls, parsed, paths, sheet_xml, with_member, xlsx
from tests.unit.ingest.formats.xlsb import xlsb

XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
OLDER = (Path(__file__).parent / "hives.xls").read_bytes()
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
    read = parsed(OLDER, media_types.XLS)
    assert read.text == "# Hives\n\n| Hive | Frames | Since |\n| Oak | 12 | 1990-01-02 |\n| Lime | 8.5 | 2001-05-06 |"


@pytest.mark.parametrize("declared", [media_types.XLS, None])
def test_an_encrypted_workbook_of_the_older_format_is_told_from_a_damaged_one(declared):
    with pytest.raises(EncryptedError, match="without a password"):
        parsed(locked_xls(OLDER), declared)
    with pytest.raises(CorruptError):
        parsed(OLDER.replace(b"\x09\x08\x10\0", bytes(4)), declared)


def test_a_binary_workbook_is_read_like_one_of_xml():
    cells = {(0, 0): "Hive", (0, 1): "Frames", (0, 2): "Since", (0, 3): "蜂箱"}
    cells |= {(1, 0): "Oak", (1, 1): 12.0, (1, 2): dt.date(1990, 1, 2), (1, 3): True, (7, 1): 8.5}
    book = xlsb({"Hives": cells, "Secret": {(0, 0): "sting"}, "Empty": {}, "Notes": {(3, 3): "Oak"}}, hidden="Secret")
    for declared, name in ((None, None), (XLSB, None), ("application/octet-stream", "hives.xlsb")):
        read = parsed(book, declared, name)
        assert read.title == "Hives"
        table = "| Hive | Frames | Since | 蜂箱 |\n| Oak | 12 | 1990-01-02 | True |\n|  | 8.5 |"
        assert read.text == f"# Hives\n\n{table}\n\n# Notes\n\n| Oak |"
        assert [page for _, _, page in paths(read)] == [1, 4]


def test_a_damaged_binary_workbook_is_corrupt():
    book = xlsb({"Hives": {(0, 0): "Hive"}})
    for name in ("xl/workbook.bin", "xl/worksheets/sheet1.bin", "xl/sharedStrings.bin"):
        with pytest.raises(CorruptError):
            parsed(with_member(book, name, b"\x83\x01\xff"))


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
