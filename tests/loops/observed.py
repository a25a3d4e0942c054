"""The service's own app, with a line on stdout for each driver that is made: in which process, inside which loop.

`faststream run observed:app`, with `--workers` or `--reload`. Nothing of the service is replaced.
"""

import asyncio
import json
import os
import sys

from neo4j import AsyncGraphDatabase

make = AsyncGraphDatabase.driver


def make_and_tell(*args, **kwargs):
    try:
        loop = id(asyncio.get_running_loop())
    except RuntimeError:
        loop = None
    sys.stdout.write(json.dumps({"driver": os.getpid(), "parent": os.getppid(), "loop": loop}) + "\n")
    sys.stdout.flush()
    return make(*args, **kwargs)


AsyncGraphDatabase.driver = make_and_tell

from service.app import app  # noqa: E402, F401 - the line above must come first
