"""The Prefect example, with a private Prefect server that keeps its state to itself and tells nobody of its use."""

import pytest

from tests.examples.runs import SLOW_MACHINE, Example, is_served
from tests.support.processes import free_port, listening
from tests.support.programs import Program


@pytest.mark.timeout(2 * SLOW_MACHINE)
async def test_two_hundred_documents_through_the_tasks_of_a_flow(served, tmp_path):
    port = free_port()
    own = {"PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    given = served.environment(rabbitmq_url="", PREFECT_SERVER_UI_ENABLED="false", **own)
    command = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    async with Program(command, tmp_path, given):
        await listening(port, within=SLOW_MACHINE)
        await is_served(Example("prefect"), served, PREFECT_API_URL=f"http://127.0.0.1:{port}/api", **own)
