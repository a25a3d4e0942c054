"""Subscribers: event in, event out; and `pipeline`, what is done in between.

A handler calls one method of the pipeline and returns the completion. It does not acknowledge, retry, catch, publish or
know Cypher; `delivery` does the rest.
"""

from service.handlers.crashes import crashes_router
from service.handlers.dependencies import Dependencies
from service.handlers.documents import documents_router

__all__ = ["Dependencies", "crashes_router", "documents_router"]
