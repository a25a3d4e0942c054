"""The Temporal example: its activity without a server, and all of it with a real one where there is one."""

from pathlib import Path

import pytest

from tests.examples.runs import DOCUMENTS, SLOW_MACHINE, Example, are_completed, is_served
from tests.support.processes import free_port, listening
from tests.support.programs import Program

ACTIVITY = Path(__file__).with_name("temporal_activity.py")


@pytest.mark.timeout(2 * SLOW_MACHINE)
async def test_the_activity_by_itself(served):
    example = Example("temporal")
    send = ["python", str(ACTIVITY), str(DOCUMENTS)]
    await are_completed(example, served, [], send, PYTHONPATH=str(example.folder))


@pytest.mark.timeout(2 * SLOW_MACHINE)
async def test_workflows_with_a_real_server(temporal, served, tmp_path):
    port = free_port()
    command = [temporal, "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    given = served.environment(rabbitmq_url="", DISABLE_TELEMETRY="1")
    async with Program(command, tmp_path, given):
        await listening(port, within=SLOW_MACHINE)
        example = Example("temporal", ready="worker started")
        await is_served(example, served, TEMPORAL_ADDRESS=f"127.0.0.1:{port}")
