"""Documents that are broken, that lie, or that are built to exhaust their reader; all made on the spot.

`python -m tests.corpus.hostile FOLDER` writes them as files. None is committed: bombs have no place in a repository.

What belongs here: what makes such a document, and which answers to it are right.
What does not: tests, and servers that misbehave.
"""

from tests.corpus.hostile import archives, damage, encrypted, mail, markup, office, pdfs, rtf, tables, texts
from tests.corpus.hostile.document import Hostile

HOSTILE: tuple[Hostile, ...] = (
    *pdfs.FILES,
    *archives.FILES,
    *office.FILES,
    *tables.FILES,
    *markup.FILES,
    *mail.FILES,
    *rtf.FILES,
    *texts.FILES,
    *encrypted.FILES,
    *damage.FILES,
)
"""All of them; names are distinct."""

__all__ = ["HOSTILE", "Hostile"]
