"""Subscribers: event in, event out.

A handler validates, calls one method and returns the completion. It does not acknowledge, retry, catch, publish or know
Cypher; `delivery` does the rest.
"""

from service.handlers.crashes import crashes_router
from service.handlers.dependencies import Dependencies
from service.handlers.documents import documents_router

__all__ = ["Dependencies", "crashes_router", "documents_router"]
