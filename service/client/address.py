"""Where RabbitMQ is: the argument, `RABBITMQ_URL`, the file that `RABBITMQ_URL_FILE` names, or this machine."""

import os
import socket
from pathlib import Path

from yarl import URL

from service.client.errors import NotConfirmedError

DEFAULT_URL = "amqp://127.0.0.1:5672/"
HEARTBEAT = 15
"""Seconds. A broker that is silent for three times as long counts as gone."""


def broker_url(given: str | None, name: str | None) -> URL:
    """Return the URL to connect to, with a heartbeat, and a connection name that `rabbitmqctl` shows.

    Raises:
        NotConfirmedError: it is no AMQP URL, or the file cannot be read. The text does not show the URL, as it may hold
            a password.

    """
    source, text = ("url", given) if given else _from_environment()
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in {"amqp", "amqps"} or not url.host:
        msg = f"{source}: expected a URL such as amqp://user:password@host:5672/vhost, got scheme {url.scheme!r}"
        raise NotConfirmedError(msg)
    own = {"heartbeat": str(HEARTBEAT), "name": name or f"docgraph client {socket.gethostname()}:{os.getpid()}"}
    return url.update_query({key: value for key, value in own.items() if key not in url.query})


def _from_environment() -> tuple[str, str]:
    if url := os.environ.get("RABBITMQ_URL"):
        return "RABBITMQ_URL", url
    if path := os.environ.get("RABBITMQ_URL_FILE"):
        try:
            return "RABBITMQ_URL_FILE", Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = f"RABBITMQ_URL_FILE: expected a readable file, got {path}: {error.strerror}"
            raise NotConfirmedError(msg) from None
    return "RABBITMQ_URL", DEFAULT_URL
