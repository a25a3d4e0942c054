"""Fixtures of the tests of the ingest."""

import sys

import pytest

from tests.unit.ingest.added_format import forget_formats, install


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Install a distribution that adds formats, for the time of a module's tests."""
    folder = install(tmp_path_factory.mktemp("site"), "honey = honey_formats:honey\nattempts = honey_formats:attempts")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        forget_formats()
        yield
    sys.modules.pop("honey_formats", None)
    forget_formats()
