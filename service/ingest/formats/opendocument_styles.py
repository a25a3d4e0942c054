"""Leaves out how the text of an OpenDocument file looks, which is often a third of the file."""

_STYLES, _END_OF_STYLES = b"<office:automatic-styles>", b"</office:automatic-styles>"


def without_styles(content: bytes) -> bytes:
    """Return the XML without its styles, or as it is where a comment or the like could hold what looks like them."""
    start = content.find(_STYLES)
    end = content.find(_END_OF_STYLES, start) + len(_END_OF_STYLES)
    if start < 0 or end < start or content.find(b"<!", 0, end) >= 0 or content.count(b"<?", 0, end) > 1:
        return content
    return content[:start] + content[end:]
