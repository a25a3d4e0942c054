"""What the figures were measured on: machine and versions."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness.processes import ROOT
from benchmarks.harness.servers import Servers

PACKAGES = ("neo4j", "aio-pika", "celery", "arq", "dramatiq", "taskiq", "prefect", "temporalio", "uvloop")


def facts(servers: Servers, command: str) -> dict[str, Any]:
    """Return the head of a results file."""
    versions = {
        "Python": platform.python_version(),
        "Neo4j": servers.stack.neo4j.version,
        "RabbitMQ": servers.stack.rabbitmq.version() or "",
        "faststream": _service_version("faststream"),
        **{name: version(name) for name in PACKAGES},
    }
    return {
        "command": command,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": {
            "cpus": os.cpu_count(),
            "processor": _processor(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9),
            "system": _system(),
        },
        "versions": versions,
    }


def _service_version(name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([ROOT / ".venv/bin/python", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or sys.platform


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()
