"""Under every fault: nothing lost, nothing unexpected, the last version wins, one effect per version, ids repeat."""

import shutil
from collections.abc import Sequence

import pytest

from service.settings import Settings
from tests.conftest import FIGURES
from tests.faults import inspection, scenarios
from tests.faults.checker import judge
from tests.faults.run import Run
from tests.faults.workers import Make
from tests.faults.workload import chosen_size, make_plan
from tests.support.processes import ROOT

SEED = 20261123
SIZE = chosen_size()
OTHER_VERSION = "0.0.1"

# A backstop: everything in a run has a limit of its own.
pytestmark = pytest.mark.timeout(6 * SIZE.answered_within + 8 * SIZE.graph_frozen + 200)


def name_of(scenario: scenarios.Scenario) -> str:
    return scenario.__name__.replace("_", " ")


def settings_for(stack, vhost) -> Settings:
    return Settings(
        **stack.env(vhost),
        retry_delays=(1.0, 2.0, 5.0),
        startup_timeout=60,
        shutdown_grace=20,
    )


@pytest.fixture(scope="session")
def other_tree(tmp_path_factory):
    """The service of another version: the tree under another version number, until there is an older release."""
    folder = tmp_path_factory.mktemp("other-version")
    for package in ("service", "schemas"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    where = folder / "service" / "__init__.py"
    lines = where.read_text().splitlines()
    changed = [f'__version__ = "{OTHER_VERSION}"' if line.startswith("__version__") else line for line in lines]
    assert changed != lines
    where.write_text("\n".join(changed) + "\n")
    return folder


def makes_for(scenario: scenarios.Scenario, other_tree) -> Sequence[Make]:
    small = {"DOCGRAPH_CHUNK_SIZE": "200"}
    injecting = "tests.faults.launch:app"
    seed = {"DOCGRAPH_FAULTS_SEED": str(SEED)}
    if scenario in (scenarios.a_worker_is_killed_five_times, scenarios.a_worker_is_told_to_stop_three_times):
        return [Make(variables=small)] * 2
    if scenario is scenarios.two_versions_work_side_by_side:
        return [Make(variables=small), Make(tree=other_tree, variables=small | {"DOCGRAPH_BATCH_SIZE": "1"})]
    if scenario is scenarios.answers_of_the_graph_get_lost:
        # Small batches, so that there are transactions enough to choose from.
        faults = {"DOCGRAPH_FAULTS_COMMIT": str(SIZE.one_commit_in), "DOCGRAPH_BATCH_SIZE": "8"}
        return [Make(injecting, variables=small | seed | faults)]
    if scenario is scenarios.confirms_of_the_broker_get_lost:
        return [Make(injecting, variables=small | seed | {"DOCGRAPH_FAULTS_PUBLISH": str(SIZE.one_publish_in)})]
    return [Make(variables=small)]


@pytest.fixture
async def run(scenario, stack, vhost, other_tree):
    """A run on an empty vhost and an empty graph. Whatever it leaves behind, the next one finds both servers up."""
    settings = settings_for(stack, vhost)
    async with inspection.graph_view(settings) as graph:
        await graph.wipe()
    yield Run(
        size=SIZE,
        plan=make_plan(SIZE, SEED),
        vhost=vhost,
        settings=settings,
        rabbitmq=stack.rabbitmq,
        neo4j=stack.neo4j,
        makes=makes_for(scenario, other_tree),
    )
    for server in (stack.rabbitmq, stack.neo4j):
        server.thaw()
    if stack.rabbitmq.pid is not None and not stack.rabbitmq.answers():
        stack.rabbitmq.ctl("start_app")
    stack.rabbitmq.start()
    stack.neo4j.start()


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=name_of)
async def test_nothing_is_lost_or_done_twice_when(scenario, run, tmp_path, record_property):
    try:
        seen = await run.carry_out(scenario)
    finally:
        keep_logs(run, tmp_path)

    verdict = judge(run.plan, seen)
    verdict.problems += run.problems
    restarts = sum(len(worker.ends) for worker in run.workers)
    record_property(FIGURES, f"{verdict.line(name_of(scenario))}, restarts {restarts}")
    assert verdict.passed, f"{len(verdict.problems)} problems; logs in {tmp_path}\n" + "\n".join(verdict.problems[:40])


def keep_logs(run, folder):
    for number, worker in enumerate(run.workers):
        if hasattr(worker, "process"):
            (folder / f"worker-{number}.log").write_text(worker.log)
