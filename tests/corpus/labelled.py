"""The texts under `tests/data/labelled` and the sentences of `tests/data/languages.toml`, with what we say of them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A short text of ours in Markdown, and what a reader would write on its index card."""

    name: str
    language: str
    title: str
    headings: tuple[str, ...]
    """Paths of its headings, in order, as a chunk would give them."""
    keywords: tuple[frozenset[str], ...]
    """What it is about; forms of one word are one keyword."""
    text: str


def labelled_texts() -> list[LabelledText]:
    """Return all texts, by name."""
    texts = []
    for path in sorted((DATA / "labelled").glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        keywords = tuple(frozenset(keyword.split("|")) for keyword in card["keywords"])
        texts.append(
            LabelledText(
                path.stem, card["language"], card["title"], tuple(card["headings"]), keywords, card["text"].lstrip()
            )
        )
    return texts


def labelled_text(name: str) -> LabelledText:
    """Return the text of that name."""
    return next(text for text in labelled_texts() if text.name == name)


def sentences() -> dict[str, list[str]]:
    """Return sentences by the code of their language."""
    return tomllib.loads((DATA / "languages.toml").read_text(encoding="utf-8"))
