"""The faults, one function each. Each strikes when a share of the messages has been answered, under load."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from service.delivery.topology import DELETED, SUBMITTED
from tests.faults.launch import INJECTED
from tests.faults.run import Run

THIRD, HALF = 1 / 3, 1 / 2
COMES_BACK_WITHIN = 60.0
"""Seconds for a worker to be up, or to have its queue back."""

Scenario = Callable[[Run], Awaitable[None]]


async def nothing_happens(run: Run) -> None:
    """The control: what the harness says of a service that is left alone."""


async def every_connection_is_closed(run: Run) -> None:
    close = 'rabbit_networking:close_connection(proplists:get_value(pid, Row), "closed by the fault harness")'
    async with _armed(run, _for_each(run, "rabbit_networking:connection_info_all", close)) as strike:
        await run.reached(THIRD)
        async with run.fault():
            await strike()


async def every_channel_is_closed(run: Run) -> None:
    # Each channel is handed an acknowledgement of a message that it never delivered, as if its client had sent it, and
    # closes with PRECONDITION_FAILED. To end the channel's process instead would close the connection.
    close = "rabbit_channel:do(proplists:get_value(pid, Row), {'basic.ack', 999999999, false})"
    async with _armed(run, _for_each(run, "rabbit_channel:info_all", close)) as strike:
        await run.reached(THIRD)
        async with run.fault():
            await strike()


async def the_work_queue_is_deleted(run: Run) -> None:
    """What lay in it is gone by an administrator's act; the journal has it still."""
    name = f'{{resource, <<"{run.vhost}">>, queue, <<"{SUBMITTED}">>}}'
    delete = 'fun(Q) -> rabbit_amqqueue:delete(Q, false, false, <<"harness">>) end'
    async with _armed(run, f"{{ok, _}} = rabbit_amqqueue:with({name}, {delete})") as strike:
        await run.reached(THIRD)
        async with run.fault():
            await strike()
    await run.published()
    for queue in (SUBMITTED, DELETED):
        await run.consumed(queue, COMES_BACK_WITHIN)
    await run.replay()


async def the_broker_app_is_stopped_and_started_twice(run: Run) -> None:
    run.broker_restarted = True
    stop = "rabbit:stop()"  # what `rabbitmqctl stop_app` calls
    async with _armed(run, stop) as first, _armed(run, stop) as second:
        for share, strike in ((THIRD, first), (HALF, second)):
            await run.reached(share)
            async with run.fault():
                await strike()
                await _ctl(run, "start_app")


async def the_broker_is_killed(run: Run) -> None:
    run.broker_restarted = True
    await run.reached(THIRD)
    async with run.fault():
        await asyncio.to_thread(run.rabbitmq.kill)
        await asyncio.to_thread(run.rabbitmq.start)


async def the_broker_freezes(run: Run) -> None:
    await run.reached(THIRD)
    async with run.fault():
        run.rabbitmq.freeze()
        await asyncio.sleep(run.size.broker_frozen)
        run.rabbitmq.thaw()


async def neo4j_is_killed(run: Run) -> None:
    await run.reached(THIRD)
    async with run.fault():
        await asyncio.to_thread(run.neo4j.kill)
        await asyncio.to_thread(run.neo4j.start)


async def neo4j_freezes(run: Run) -> None:
    await run.reached(THIRD)
    async with run.fault():
        run.neo4j.freeze()
        await asyncio.sleep(run.size.graph_frozen)
        run.neo4j.thaw()


async def a_worker_is_killed_five_times(run: Run) -> None:
    await _end_workers(run, signal.SIGKILL, 5)


async def a_worker_is_told_to_stop_three_times(run: Run) -> None:
    await _end_workers(run, signal.SIGTERM, 3)
    codes = [code for worker in run.workers for code in worker.ends]
    if set(codes) != {0}:
        run.problems.append(f"workers ended with {codes} after SIGTERM, expected only 0")


async def two_versions_work_side_by_side(run: Run) -> None:
    await run.published()
    await run.reached(1)
    for number, worker in enumerate(run.workers):
        if not await worker.figure("docgraph_events_completed_total"):
            run.problems.append(f"vacuous: worker {number} of two versions has answered nothing")


async def answers_of_the_graph_get_lost(run: Run) -> None:
    await _injected(run)


async def confirms_of_the_broker_get_lost(run: Run) -> None:
    await _injected(run)


SCENARIOS: tuple[Scenario, ...] = (
    nothing_happens,
    every_connection_is_closed,
    every_channel_is_closed,
    the_work_queue_is_deleted,
    the_broker_app_is_stopped_and_started_twice,
    the_broker_is_killed,
    the_broker_freezes,
    neo4j_is_killed,
    neo4j_freezes,
    a_worker_is_killed_five_times,
    a_worker_is_told_to_stop_three_times,
    two_versions_work_side_by_side,
    answers_of_the_graph_get_lost,
    confirms_of_the_broker_get_lost,
)


@asynccontextmanager
async def _armed(run: Run, action: str) -> AsyncGenerator[Callable[[], Awaitable[str]], None]:
    """Have the broker wait with an Erlang expression for the strike.

    `rabbitmqctl` takes seconds to start, in which the service would have emptied its hands.
    """
    with TemporaryDirectory() as folder:
        ready, go = Path(folder, "ready"), Path(folder, "go")
        wait = f'fun Wait() -> case filelib:is_file("{go}") of true -> ok; false -> timer:sleep(2), Wait() end end'
        expression = f'ok = file:write_file("{ready}", <<>>), ({wait})(), {action}.'
        task = asyncio.create_task(_ctl(run, "eval", expression))

        async def strike() -> str:
            await asyncio.to_thread(go.touch)
            return await task

        try:
            while not (task.done() or await asyncio.to_thread(ready.exists)):
                await asyncio.sleep(0.02)
            yield strike
        finally:
            await strike()


def _for_each(run: Run, rows: str, action: str) -> str:
    return f'[{action} || Row <- {rows}([pid, vhost]), proplists:get_value(vhost, Row) =:= <<"{run.vhost}">>]'


async def _ctl(run: Run, *arguments: str) -> str:
    # An armed one waits for its share of the load.
    return await asyncio.to_thread(partial(run.rabbitmq.ctl, *arguments, within=600))


async def _end_workers(run: Run, number: signal.Signals, times: int) -> None:
    """End the workers in turn, at equal shares of the load; more is to come after the last. Each blow meets all up."""
    for blow in range(times):
        await run.reached((blow + 1) / (times + 3))
        worker = run.workers[blow % len(run.workers)]
        async with run.fault():
            worker.signal(number)
            await worker.ended(blow // len(run.workers) + 1, COMES_BACK_WITHIN)
        await worker.process.ready(COMES_BACK_WITHIN)


async def _injected(run: Run) -> None:
    await run.published()
    await run.reached(1)
    if not any(INJECTED in worker.log for worker in run.workers):
        run.problems.append("vacuous: no fault was injected")
