"""The code blocks of a page, by the heading that they stand under."""

import re
from dataclasses import dataclass
from pathlib import Path

HEADING_OR_BLOCK = re.compile(
    r"^## (?P<heading>[^\n]*)$|^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    heading: str
    language: str
    text: str


def code_blocks(page: Path) -> list[Block]:
    found, heading = [], ""
    for match in HEADING_OR_BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["heading"]:
            heading = match["heading"]
        else:
            found.append(Block(heading, match["language"], match["text"]))
    return found


def error_texts(page: Path) -> list[re.Pattern[str]]:
    """Return the errors that a page quotes, in its order; … stands for anything."""
    quoted = re.findall(r"`(\w+Error: [^`]+)`", page.read_text(encoding="utf-8"))
    return [re.compile(".*".join(map(re.escape, text.split("…"))), re.DOTALL) for text in quoted]
