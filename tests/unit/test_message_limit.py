import pytest

from schemas import DocumentDeleted, DocumentSubmitted
from service.errors import InvalidEventError, TooLargeError
from service.handlers.documents import _reader


@pytest.mark.parametrize("kind", [DocumentSubmitted, DocumentDeleted])
def test_a_message_over_the_limit_is_refused_before_it_is_read_with_limit_and_size(kind):
    with pytest.raises(TooLargeError, match="at most 100 bytes, got 101; give a large document by uri"):
        _reader(kind, 100)(b"x" * 101)
    with pytest.raises(InvalidEventError):
        _reader(kind, 100)(b"x" * 100)
