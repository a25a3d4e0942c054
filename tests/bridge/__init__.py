"""The Celery bridge, asked by the real Celery client, a real Redis and a real Flower."""
