"""What documents say of themselves in Dublin Core, the vocabulary that office formats and e-books share."""

from collections.abc import Iterable

from lxml import etree

from service.documents import Scalar

_KEPT = {
    "creator": "author",
    "subject": "subject",
    "description": "description",
    "publisher": "publisher",
    "created": "created",
    "modified": "modified",
    "date": "date",
    "initial-creator": "author",
    "creation-date": "created",
}
_LONGEST = 500


class Properties:
    """Title, language and the rest, as far as given."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.language: str | None = None
        self.metadata: dict[str, Scalar] = {}

    @classmethod
    def of(cls, elements: Iterable[etree._Element]) -> "Properties":
        """Return what the elements say; of several of one kind, the first counts."""
        found = cls()
        for element in elements:
            text = " ".join((element.text or "").split())[:_LONGEST]
            if not text or not isinstance(element.tag, str):
                continue
            name = element.tag.rpartition("}")[2]
            if name == "title":
                found.title = found.title or text
            elif name == "language":
                found.language = found.language or text
            elif name in _KEPT:
                found.metadata.setdefault(_KEPT[name], text)
        return found
