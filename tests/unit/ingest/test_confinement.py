"""What a parser process cannot do, tried from inside one."""

import os
import sys

import pytest

from service.errors import ParserTimeoutError
from service.ingest.confinement import kernel
from service.ingest.options import IngestOptions
from service.ingest.pool import ChildPool
from service.ingest.source import Source
from tests.unit.ingest.builders import prepared

pytestmark = [
    pytest.mark.usefixtures("added"),
    pytest.mark.skipif(sys.platform != "linux", reason="these measures are Linux's"),
]
LANDLOCK = kernel.syscall(444, None, 0, 1) > 0


@pytest.fixture(scope="module")
async def attempted(added):
    """Return a function that evaluates an expression in a child and returns what came of it."""
    async with ChildPool(IngestOptions(workers=1, cpu_seconds=2)) as pool:

        async def attempt(expression: str) -> str:
            document = await pool.prepare(Source("doc", expression.encode(), "application/x-attempt"))
            pid, _, result = document.chunks[0].text.partition(" ")
            assert int(pid) in pool.pids
            return result

        yield attempt


async def test_a_parser_opens_no_connection(attempted):
    for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"):
        assert await attempted(f"socket.socket(socket.{family})") == (
            "refused: PermissionError [Errno 1] Operation not permitted"
        )


async def test_a_parser_starts_no_program(attempted):
    assert "refused: PermissionError" in await attempted("os.execv('/bin/true', ['true'])")
    assert "refused" in await attempted("os.posix_spawn('/bin/true', ['true'], {})")


async def test_a_parser_signals_nobody(attempted):
    assert "refused: PermissionError" in await attempted(f"os.kill({os.getpid()}, 0)")
    assert "refused: PermissionError" in await attempted("os.kill(os.getppid(), 9)")


async def test_a_parser_sets_no_limits_for_the_service(attempted):
    attempt = f"__import__('resource').prlimit({os.getpid()}, 7, (10, 10))"
    assert "refused: PermissionError" in await attempted(attempt)
    assert "refused" not in await attempted("__import__('resource').prlimit(0, 7)")


async def test_a_parser_writes_no_file(attempted, tmp_path):
    target = tmp_path / "written"
    await attempted(f"open({str(target)!r}, 'w').write('bees')")
    assert not target.exists() or not target.stat().st_size


@pytest.mark.skipif(not LANDLOCK, reason="no Landlock in this kernel")
async def test_a_parser_reads_neither_the_service_s_environment_nor_other_files(attempted, tmp_path):
    elsewhere = tmp_path.parent / "secret"
    elsewhere.write_text("bees")
    for path in (f"/proc/{os.getpid()}/environ", "/etc/hostname", str(elsewhere)):
        assert "refused: PermissionError" in await attempted(f"open({path!r}, 'rb').read()")


async def test_a_parser_that_computes_without_end_is_ended_by_its_processor_time():
    async with ChildPool(IngestOptions(workers=1, cpu_seconds=1, parse_timeout=100)) as pool:
        with pytest.raises(ParserTimeoutError, match="processor time"):
            await pool.prepare(Source("doc", b"sum(i for i in iter(int, 1))", "application/x-attempt"))
        assert pool.pids == []


async def test_processor_time_is_counted_anew_for_each_document(attempted):
    for _ in range(3):
        assert await attempted("sum(range(30_000_000)) and 'done'") == "done"


async def test_a_child_may_still_import_and_read_all_that_the_formats_need(attempted):
    assert await attempted("__import__('lxml.etree').__name__ + __import__('rjieba').__name__") == "lxmlrjieba"
    assert prepared("Bees").chunks
