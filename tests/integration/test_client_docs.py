"""The programs in docs/client.md and the README's section on the client run as they stand."""

import asyncio
import os
import re
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FRAMEWORKS = ROOT / ".venv-frameworks" / "bin" / "python"
CALL_FASTAPI = """

import asyncio
from types import SimpleNamespace


async def main():
    async with lifespan(app):
        print(await put("a", "Bees live in a hive.", SimpleNamespace(app=app)))


asyncio.run(main())
"""


def programs():
    guide = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    for section in guide.split("\n## ")[1:]:
        for program in BLOCK.findall(section):
            yield pytest.param(program, id=section.partition("\n")[0])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for program in BLOCK.findall(readme.partition("\n## Use it from Python")[2].partition("\n## ")[0]):
        yield pytest.param(program, id="README")


def test_the_programs_are_found():
    assert len(list(programs())) >= 8


@pytest.mark.parametrize("program", list(programs()))
async def test_a_program_of_the_guide_runs(program, service, rabbitmq_url, tmp_path):
    python = sys.executable
    if "fastapi" in program:
        program += CALL_FASTAPI
        python = str(FRAMEWORKS)
        if not FRAMEWORKS.exists():
            message = "there is no .venv-frameworks: run `make frameworks`"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    (tmp_path / "notes.md").write_text("# Notes\n\nBees live in a hive.", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        python, "-c", program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"RABBITMQ_URL": rabbitmq_url, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(100):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, errors.decode()
    assert errors.decode() == ""
