"""A client of the service: every route a method, every answer a model, every error a :class:`ServiceError`."""

from app.client.asynchronous import AsyncClient
from app.client.messages import ServiceError
from app.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "ServiceError"]
