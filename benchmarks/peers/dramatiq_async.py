"""dramatiq with its AsyncIO middleware: actors are coroutines on one loop per process."""

import os

import dramatiq
import neo4j
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import AsyncIO, Middleware

from benchmarks import graph, job
from benchmarks.peers.rabbit import Publish, completions, connect

driver: neo4j.AsyncDriver
publish: Publish


class Resources(Middleware):
    """Opens driver and connection on the loop before the first message, closes them after the last."""

    def before_worker_boot(self, broker, worker):
        get_event_loop_thread().run_coroutine(self.open())

    def before_worker_shutdown(self, broker, worker):
        get_event_loop_thread().run_coroutine(self.close())

    async def open(self):
        global driver, publish
        driver = graph.async_driver()
        await driver.verify_connectivity()
        self.connection = await connect()
        publish = await completions(self.connection)

    async def close(self):
        await self.connection.close()
        await driver.close()


broker = RabbitmqBroker(url=os.environ.get("RABBITMQ_URL", "amqp://"), confirm_delivery=True)
broker.add_middleware(AsyncIO())
broker.add_middleware(Resources())
dramatiq.set_broker(broker)


@dramatiq.actor
async def process(event):
    row = job.prepare(event)
    await graph.write(driver, [row])
    await publish(job.completion(row))


submit = process.send
