"""Celery, prefork: the sync driver, opened once in each worker process after the fork."""

import neo4j
from celery.signals import worker_process_init, worker_process_shutdown

from benchmarks import graph, job
from benchmarks.peers.celery_app import celery_app, complete

app = celery_app(__name__)
driver: neo4j.Driver


@worker_process_init.connect
def open_driver(**_):
    global driver
    driver = graph.sync_driver()
    driver.verify_connectivity()


@worker_process_shutdown.connect
def close_driver(**_):
    driver.close()


@app.task
def process(event):
    row = job.prepare(event)
    graph.write_sync(driver, [row])
    complete(app, job.completion(row))


submit = process.delay
