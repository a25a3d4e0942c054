"""What the service answers over HTTP: probes, metrics and the AsyncAPI document. Documents do not come in this way."""

from service.http.routes import routes

__all__ = ["routes"]
