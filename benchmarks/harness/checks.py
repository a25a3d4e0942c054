"""What must be true after a run, so that it counts."""

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.documents import Counts, document_id
from benchmarks.harness.broker import depths
from benchmarks.harness.result import Result
from benchmarks.harness.servers import Servers


async def check(
    servers: Servers,
    environment: Mapping[str, str],
    result: Result,
    arrivals: Sequence[tuple[str, float]],
    right: Counts,
) -> None:
    """Compare graph, completions and queues with what they must be; note what is wrong with the run.

    Args:
        servers: of the run.
        environment: settings of its system; `VHOST` names its vhost.
        result: gets the problems.
        arrivals: document id, or a whole completion that is no success, and time of each completion.
        right: what must be in the graph; the documents are the first ones.

    """
    answered = Counter(id_ for id_, _ in arrivals)
    wanted = {document_id(number) for number in range(right.documents)}
    if strange := answered.keys() - wanted:
        result.problems.append(f"completions that are no success: {len(strange)}, such as {min(strange)[:300]}")
    if missing := wanted - answered.keys():
        result.problems.append(f"expected a completion of each document, {len(missing)} have none")
    if repeated := sum(count - 1 for count in answered.values()):
        result.problems.append(f"expected one completion a document, got {repeated} more")
    if (counts := servers.counts()) != right:
        result.problems.append(f"expected {right} in the graph, got {counts}")
    if left := await depths(environment, servers.queues(environment["VHOST"])):
        result.problems.append(f"expected empty queues, found {left}")
