"""Probes, metrics and the AsyncAPI page of a running process."""

import gzip
import json
import re

from tests.support.broker import BrokerView
from tests.support.processes import a_process


async def test_probes_metrics_and_documents_are_served(settings, graph):
    async with a_process(settings) as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            await broker.submit("a")
            await broker.publish("document.submitted", b"{")
            await broker.until(2)

        status, body, headers = await service.fetch("/livez")
        assert (status, json.loads(body)) == (200, {"status": "alive"})
        assert headers["content-type"] == "application/json"

        _, body, _ = await service.fetch("/metrics")
        metrics = body.decode()
        assert 'docgraph_events_completed_total{kind="document.submitted",outcome="created"} 1.0' in metrics
        assert 'docgraph_events_failed_total{reason="invalid_event"} 1.0' in metrics
        assert "docgraph_batch_events_count 1.0" in metrics

        _, yaml_text, _ = await service.fetch("/asyncapi.yaml")
        _, json_text, _ = await service.fetch("/asyncapi.json")
        assert json.loads(json_text)["info"]["title"] == "docgraph"
        assert yaml_text.startswith(b"asyncapi: 3")


async def test_the_page_of_the_contract_needs_no_internet(settings, graph):
    async with a_process(settings) as service:
        await service.ready()
        _, page, _ = await service.fetch("/docs")
        links = re.findall(r'(?:src|href)="([^"]+)"', page.decode())
        assert not [link for link in links if not link.startswith(("/", "data:"))]
        for link in (link for link in links if link.startswith("/docs/")):
            status, body, headers = await service.fetch(link)
            assert (status, headers["content-encoding"]) == (200, "gzip")
            assert len(gzip.decompress(body)) > 10_000
        assert (await service.fetch("/docs/try"))[0] == 404


async def test_readiness_tells_in_json_what_is_not_ready(serve, settings):
    from service.http.health import Readiness

    async with serve(settings) as app:
        (broker,) = app.brokers
        readiness = Readiness(app, broker)
        assert await readiness.problems() == {}

        subscriber = next(s for s in broker.subscribers if s.queue.name == "documents.deleted")
        await subscriber.stop()
        assert await readiness.problems() == {
            "consumers": "expected this process to consume documents.deleted, but it does not"
        }
        await app.context.get("driver").close()
        problems = await Readiness(app, broker).problems()
        assert problems["neo4j"].startswith("expected an answer, got DriverError")


async def test_with_several_workers_one_process_answers_for_all(settings, graph, tmp_path):
    async with a_process(settings, "--workers", "2", PROMETHEUS_MULTIPROC_DIR=str(tmp_path)) as service:
        await service.ready()
        async with BrokerView(settings.rabbitmq_url) as broker:
            for number in range(10):
                await broker.submit(f"d{number}")
            await broker.until(10)
        _, body, _ = await service.fetch("/metrics")
        assert 'docgraph_events_completed_total{kind="document.submitted",outcome="created"} 10.0' in body.decode()
        assert "docgraph_events_waiting" in body.decode()
