"""Celery, prefork, with the async driver: one event loop and one driver for each worker process."""

import asyncio

import neo4j
from celery.signals import worker_process_init, worker_process_shutdown

from benchmarks import graph, job
from benchmarks.peers.celery_app import celery_app, complete

app = celery_app(__name__)
loop: asyncio.AbstractEventLoop
driver: neo4j.AsyncDriver


@worker_process_init.connect
def open_driver(**_):
    global loop, driver
    loop = asyncio.new_event_loop()
    driver = graph.async_driver()
    loop.run_until_complete(driver.verify_connectivity())


@worker_process_shutdown.connect
def close_driver(**_):
    loop.run_until_complete(driver.close())
    loop.close()


@app.task
def process(event):
    row = job.prepare(event)
    loop.run_until_complete(graph.write(driver, [row]))
    complete(app, job.completion(row))


submit = process.delay
