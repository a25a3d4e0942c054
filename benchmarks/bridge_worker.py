"""The peer of the Celery bridge: a prefork worker with the sync driver, opened once in each process after the fork.

It answers its caller by the result, and everybody else by the completion, as the bridge does.
"""

import json

import neo4j
from celery.signals import worker_process_init, worker_process_shutdown

from benchmarks import graph, job
from benchmarks.peers.celery_app import celery_app, complete

app = celery_app(__name__)
app.conf.update(task_ignore_result=False, result_backend="rpc://", task_default_queue="ingest")
driver: neo4j.Driver


@worker_process_init.connect
def open_driver(**_):
    global driver  # noqa: PLW0603
    driver = graph.sync_driver()
    driver.verify_connectivity()


@worker_process_shutdown.connect
def close_driver(**_):
    driver.close()


@app.task(name="process_document")
def process_document(**event):
    row = job.prepare(event)
    graph.write_sync(driver, [row])
    body = job.completion(row)
    complete(app, body)
    return json.loads(body)
