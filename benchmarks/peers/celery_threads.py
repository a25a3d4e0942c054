"""Celery in threads: one process, one sync driver that the threads share.

Prefetch without a limit: outside prefork Celery sends acknowledgements only when the broker has sent it something, or
every two seconds, so that a prefetch of 64 makes 32 tasks a second.
"""

import neo4j
from celery.signals import worker_init, worker_shutdown

from benchmarks import graph, job
from benchmarks.peers.celery_app import celery_app, complete

app = celery_app(__name__, prefetch=0)
driver: neo4j.Driver


@worker_init.connect
def open_driver(**_):
    global driver
    driver = graph.sync_driver()
    driver.verify_connectivity()


@worker_shutdown.connect
def close_driver(**_):
    driver.close()


@app.task
def process(event):
    row = job.prepare(event)
    graph.write_sync(driver, [row])
    complete(app, job.completion(row))


submit = process.delay
