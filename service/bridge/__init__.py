"""The Celery bridge: tasks that Celery clients send are done by the pipeline and answered as a Celery worker would.

What belongs here: Celery's wire protocol (`task`, `results`, `canvas`, `control`, `worker_events`), which arguments
make which event (`mapping`), waiting for an ETA (`lanes`), where results go (`answers`, `redis_results`), what is on
the broker (`places`, `policy`), and what ties them to the pipeline (`worker`, `job`, `work`, `session`, `bridge`,
`setup`). What does not: Celery or kombu themselves, neither is imported; what a document is, how it is committed,
retried or given up: that is the pipeline's.
"""
