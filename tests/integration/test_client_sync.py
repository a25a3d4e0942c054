"""The synchronous client from where it is used: threads, forked workers, running loops, and programs that end."""

import asyncio
import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from yarl import URL

from service.client import (
    AsyncDocgraph,
    ClientClosedError,
    Docgraph,
    DocumentFailedError,
    PartlySubmittedError,
    WrongLoopError,
)
from tests.support.processes import ROOT, free_port
from tests.support.vhosts import private_stack


@pytest.fixture
def docgraph(service, rabbitmq_url):
    with Docgraph(rabbitmq_url, name="under test") as docgraph:
        yield docgraph


@pytest.fixture
def run_script(service, rabbitmq_url):
    """Run a program in a process of its own, with every warning an error; return what it printed."""

    async def run(program, *, interrupt_at=None, expect=0, **variables):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "dev", "-W", "error", "-c", inspect.cleandoc(program),
            cwd=ROOT, env=os.environ | {"RABBITMQ_URL": rabbitmq_url} | variables,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                if interrupt_at:
                    assert await process.stdout.readline() == interrupt_at
                    process.send_signal(signal.SIGINT)
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        # What asyncio's debug mode says of a slow machine is no matter here.
        errors = [line for line in err.decode().splitlines() if not line.startswith("Executing <")]
        assert process.returncode == expect, err.decode()
        return out.decode(), errors

    return run


async def test_the_calls_of_both_faces_are_the_same():
    for name, method in inspect.getmembers(AsyncDocgraph, inspect.isfunction):
        if name.startswith("_") or name in {"aclose", "attempt_all"}:
            continue
        of_async, of_sync = inspect.signature(method), inspect.signature(getattr(Docgraph, name))
        assert list(of_async.parameters) == list(of_sync.parameters), name
        for parameter in of_async.parameters.values():
            assert of_sync.parameters[parameter.name].default == parameter.default, name


async def test_each_call_works_from_a_thread(docgraph, tmp_path):
    (tmp_path / "a.md").write_text("# Hive\n\nBees live in a hive.")

    def calls():
        docgraph.connect()
        with docgraph.completions(correlation_id="mine", idle=30) as completions:
            receipt = docgraph.submit("a", text="Bees.", version=1, correlation_id="mine")
            assert docgraph.wait(receipt).outcome == "created"
            assert next(completions).causation_id == receipt.event_id
        assert docgraph.submit_and_wait("b", text="Wasps.").outcome == "created"
        assert docgraph.wait(docgraph.submit_file(tmp_path / "a.md", "c")).outcome == "created"
        assert docgraph.wait(docgraph.delete("a", version=2)).outcome == "removed"
        with pytest.raises(DocumentFailedError, match="corrupt"):
            docgraph.submit_and_wait("d", data=b"%PDF-1.4")
        assert [one.document_id for one in docgraph.completions(since=receipt.submitted_at, idle=1)][:2] == ["a", "b"]

    await asyncio.to_thread(calls)


async def test_many_are_read_and_reported_in_the_callers_thread(docgraph):
    threads, counts = set(), []

    def documents():
        for number in range(500):
            threads.add(threading.current_thread())
            yield {"document_id": f"d{number}", "text": "Some text.", "version": 1}

    def progress(count):
        threads.add(threading.current_thread())
        counts.append(count)

    def calls():
        receipts = docgraph.submit_many(documents(), in_flight=60, progress=progress)
        assert [receipt.document_id for receipt in receipts] == [f"d{number}" for number in range(500)]
        assert threads == {threading.current_thread()}
        with pytest.raises(PartlySubmittedError) as caught:
            docgraph.submit_many([{"document_id": "a", "text": "x"}, {"document_id": ""}])
        assert list(caught.value.failures) == [1]

    await asyncio.to_thread(calls)
    assert counts == sorted(set(counts))
    assert counts[-1] == 500


async def test_threads_share_one_connection(docgraph, rabbitmq_url):
    if (stack := private_stack()) is None:
        pytest.skip("this RabbitMQ is not ours to look into")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(docgraph.submit, f"d{number}", text="x") for number in range(100)]
        await asyncio.gather(*(asyncio.wrap_future(call) for call in calls))
    assert await connections(stack, "under test") == 1


async def test_inside_a_running_loop_the_call_waits(rabbitmq_url, docgraph):
    # As in a notebook. The service of this test lives in the same loop, so only the confirm can be waited for here.
    assert asyncio.get_running_loop().is_running()
    receipt = docgraph.submit("a", text="x")
    assert (await asyncio.to_thread(docgraph.wait, receipt)).outcome == "created"


async def test_a_callback_that_calls_the_client_is_refused_instead_of_hanging(docgraph):
    docgraph.connect()
    loop, _ = docgraph._open()

    async def callback():
        docgraph.submit("a", text="x")

    with pytest.raises(WrongLoopError, match="another thread"):
        await asyncio.to_thread(loop.call, callback())


async def test_closing_the_last_client_leaves_no_thread(service, rabbitmq_url):
    before = set(threading.enumerate())
    with ExitStack() as clients:
        for _ in range(2):
            clients.enter_context(Docgraph(rabbitmq_url)).submit("a", text="x")
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()
    client = Docgraph(rabbitmq_url)
    client.close()
    with pytest.raises(ClientClosedError):
        client.submit("a", text="x")


def in_child(work):
    """Fork; run it in the child; return the child's exit code: 0 when it went well. A child that hangs is killed."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


async def test_a_forked_child_has_a_connection_of_its_own_and_leaves_the_parents_alone(docgraph, rabbitmq_url):
    first = await asyncio.to_thread(docgraph.submit_and_wait, "parent", text="x")
    for number in range(3):
        assert await asyncio.to_thread(in_child, lambda n=number: docgraph.submit_and_wait(f"child{n}", text="x")) == 0
    assert await asyncio.to_thread(in_child, docgraph.close) == 0
    async with asyncio.timeout(30):
        again = await asyncio.to_thread(docgraph.submit_and_wait, "parent", text="y")
    assert (first.outcome, again.outcome) == ("created", "updated")


async def test_an_iteration_does_not_pass_to_a_forked_child_and_goes_on_in_the_parent(docgraph):
    def calls():
        with docgraph.completions() as completions:

            def child():
                for call in (completions.__next__, completions.__enter__):
                    with pytest.raises(ClientClosedError, match="before a fork"):
                        call()
                completions.close()
                with docgraph.completions() as own:
                    receipt = docgraph.submit("child", text="x")
                    assert next(own).causation_id == receipt.event_id

            assert in_child(child) == 0
            return next(completions).document_id

    async with asyncio.timeout(30):
        assert await asyncio.to_thread(calls) == "child"


async def test_the_connection_of_a_parent_that_is_killed_ends_though_its_child_lives_on(service, rabbitmq_url):
    if (stack := private_stack()) is None:
        pytest.skip("this RabbitMQ is not ours to look into")
    program = """
        import os, signal
        from service.client import Docgraph

        docgraph = Docgraph(name="killed parent")
        docgraph.submit("a", text="x")
        if (child := os.fork()) == 0:
            os.close(1)
            signal.pause()
        print(child, flush=True)
        signal.pause()
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", inspect.cleandoc(program), cwd=ROOT,
        env=os.environ | {"RABBITMQ_URL": rabbitmq_url}, stdout=subprocess.PIPE,
    )  # fmt: skip
    child = int(await parent.stdout.readline())
    try:
        assert await connections(stack, "killed parent") == 1
        parent.kill()
        await parent.wait()
        async with asyncio.timeout(30):  # the heartbeat would notice after half a minute and more
            while await connections(stack, "killed parent"):
                await asyncio.sleep(0.1)
    finally:
        os.kill(child, signal.SIGKILL)


async def connections(stack, name):
    """How many connections of this name there are."""
    listed = await asyncio.to_thread(stack.rabbitmq.ctl, "list_connections", "client_properties")
    return listed.count(f'"{name}"')


shared: Docgraph | None = None


def work_in_pool(number: int) -> tuple[int, str]:
    assert shared is not None
    return os.getpid(), shared.submit_and_wait(f"d{number}", text=f"Text {number}.").outcome


async def test_a_prefork_pool_uses_a_client_at_module_level(docgraph):
    global shared  # noqa: PLW0603 - as a Celery module has it
    shared = docgraph
    docgraph.connect()  # before the fork, which is the bad case

    def run():
        with multiprocessing.get_context("fork").Pool(2) as pool:
            results = pool.map(work_in_pool, range(20), chunksize=1)
            pool.close()
            pool.join()
        return results

    results = await asyncio.to_thread(run)
    assert {outcome for _, outcome in results} == {"created"}
    assert os.getpid() not in {pid for pid, _ in results}


async def test_prefork_workers_that_are_told_to_end_do_so_quietly(run_script):
    out, errors = await run_script("""
        import os, signal, sys
        from service.client import Docgraph

        docgraph = Docgraph()
        docgraph.submit("master", text="x")
        workers = []
        for number in range(2):
            ready, told = os.pipe()
            if (pid := os.fork()) == 0:
                os.close(ready)
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                assert docgraph.submit_and_wait(f"worker{number}", text="x").outcome == "created"
                os.write(told, b"!")
                while True:
                    signal.pause()
            os.close(told)
            workers.append(pid)
            assert os.read(ready, 1) == b"!"
            os.close(ready)
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        print(docgraph.submit_and_wait("master", text="y").document_id)
    """)
    assert (out, errors) == ("master\n", [])


async def test_a_program_that_just_ends_ends_quietly_and_its_submissions_are_confirmed(
    run_script, broker, rabbitmq_url
):
    out, errors = await run_script(
        """
        from service.client import Docgraph

        docgraph = Docgraph()
        receipt = docgraph.submit("a", text="x")
        docgraph.wait(receipt)
        docgraph.completions(idle=5)
        iterator = docgraph.completions(since=receipt.submitted_at)
        next(iterator)
        print(docgraph.submit("b", text="x").event_id)
        """,
        RABBITMQ_URL=str(URL(rabbitmq_url).with_host("localhost")),  # a name: it is looked up in a thread
    )
    assert errors == []
    assert (await broker.answer(out.strip()))["outcome"] == "created"


async def test_a_thread_that_waits_while_the_program_ends_does_not_hold_it(run_script):
    _, errors = await run_script("""
        import dataclasses, threading
        from service.client import ClientError, Docgraph

        docgraph = Docgraph()
        receipt = dataclasses.replace(docgraph.submit("a", text="x"), event_id="never-sent")
        waiting = threading.Event()

        def wait():
            waiting.set()
            try:
                docgraph.wait(receipt, timeout=600)
            except ClientError:  # closed before it waits, or meanwhile
                pass

        threading.Thread(target=wait, daemon=True).start()
        waiting.wait()
    """)
    assert errors == []


async def test_a_program_that_ends_while_the_broker_is_away_does_not_hang(run_script):
    _, errors = await run_script(
        """
        import logging, threading
        from service.client import Docgraph, NotConfirmedError

        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        docgraph = Docgraph()
        sending = threading.Event()

        def submit():
            sending.set()
            try:
                docgraph.submit("a", text="x", timeout=600)
            except NotConfirmedError:
                pass

        threading.Thread(target=submit, daemon=True).start()
        sending.wait()
        """,
        RABBITMQ_URL=f"amqp://127.0.0.1:{free_port()}/",
    )
    assert errors == []


async def test_an_interrupt_ends_the_wait_and_the_client_goes_on_working(run_script):
    out, errors = await run_script(
        """
        import dataclasses, signal
        from service.client import Docgraph

        # Where the tests run in the background of a shell, it is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        docgraph = Docgraph()
        receipt = docgraph.submit("a", text="x")
        try:
            print("waiting", flush=True)
            docgraph.wait(dataclasses.replace(receipt, event_id="never-sent"), timeout=600)
        except KeyboardInterrupt:
            print(docgraph.submit_and_wait("b", text="x").outcome)
        """,
        interrupt_at=b"waiting\n",
    )
    assert (out, errors) == ("created\n", [])


async def test_the_client_imports_neither_the_service_nor_its_libraries(run_script):
    out, _ = await run_script("""
        import sys
        import service.client
        print(sorted({name.partition(".")[0] for name in sys.modules} & {"neo4j", "faststream", "structlog", "typer"}))
        print(sorted(name for name in sys.modules if name.startswith("service.") and "client" not in name))
    """)
    assert out == "[]\n[]\n"
