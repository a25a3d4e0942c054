"""Writes small PDFs: pages of lines, bookmarks, a title; and lets a test spoil them."""


def pdf(
    pages: list[list[str]],
    *,
    bookmarks: list[tuple[int, int, str]] = (),
    title: str | None = None,
    encoding: bytes = b"/Encoding/WinAnsiEncoding",
    trailer: bytes = b"",
) -> bytes:
    """Return a PDF with one page per list of lines; bookmarks are level (1 or 2), page (from 1) and title."""
    objects: list[bytes] = [b""] * 4
    page_ids = []
    for lines in pages:
        drawn = b" ".join(b"(%s) '" % _escaped(line) for line in lines)
        stream = b"BT /F1 11 Tf 14 TL 60 760 Td %s ET" % drawn
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % len(objects)
        )
        page_ids.append(len(objects))
    kids = b" ".join(b"%d 0 R" % page for page in page_ids)
    outline = _outline(objects, page_ids, list(bookmarks))
    objects[0] = b"<</Type/Catalog/Pages 2 0 R%s>>" % outline
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages))
    objects[2] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%s>>" % encoding
    objects[3] = b"<</Title(%s)>>" % _escaped(title or "")
    return assembled(objects, b"/Info 4 0 R" + trailer)


def assembled(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Return the objects, of which the first is the catalog, as a file with a cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table)
    return bytes(out)


def _outline(objects: list[bytes], page_ids: list[int], bookmarks: list[tuple[int, int, str]]) -> bytes:
    if not bookmarks:
        return b""
    root = len(objects) + 1
    first = root + 1
    parents = [root]
    entries = []
    for number, (level, page, title) in enumerate(bookmarks):
        del parents[level:]
        entries.append((parents[-1], level, page, title))
        parents.append(first + number)
    objects.append(b"<</Type/Outlines%s>>" % _children(entries, root, first))
    for number, (parent, _, page, title) in enumerate(entries):
        siblings = [first + index for index, entry in enumerate(entries) if entry[0] == parent]
        at = siblings.index(first + number)
        links = b"/Next %d 0 R" % siblings[at + 1] if at + 1 < len(siblings) else b""
        links += _children(entries, first + number, first)
        objects.append(
            b"<</Title(%s)/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>" % (_escaped(title), parent, page_ids[page - 1], links)
        )
    return b"/Outlines %d 0 R" % root


def _children(entries: list[tuple[int, int, int, str]], parent: int, first: int) -> bytes:
    ids = [first + index for index, entry in enumerate(entries) if entry[0] == parent]
    return b"/First %d 0 R/Last %d 0 R/Count %d" % (ids[0], ids[-1], len(ids)) if ids else b""


def _escaped(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
