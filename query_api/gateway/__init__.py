"""The websocket gateway: a pure protocol, one hub for each process, a thin server."""

from query_api.gateway.hub import Hub
from query_api.gateway.limits import Limits
from query_api.gateway.server import Gateway, make_hub, start

__all__ = ["Gateway", "Hub", "Limits", "make_hub", "start"]
