"""AsyncAPI 3.0: every topic with its messages, and the websocket gateway."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from schemas.base import Message
from schemas.codec import PREFIX
from schemas.documents import gateway, headers
from schemas.documents.catalogue import Registry, kept, messages_on, newest
from schemas.documents.json_schema import text
from schemas.documents.shapes import shapes, summary
from schemas.topics import TOPICS, Topic

FILE = "schemas/documents/asyncapi.json"
#: Raised when a contract changes incompatibly; what a deployment runs is no matter of the contracts.
VERSION = "1.0.0"
_KAFKA = {"bindingVersion": "0.5.0"}
_GATEWAY = "gateway"

Part = dict[str, Any]


def documents(registry: Registry) -> dict[str, str]:
    """Path → text."""
    return {FILE: text(document(registry))}


def document(registry: Registry) -> Part:
    """The whole document."""
    channels = {topic.name: _channel(topic, registry) for topic in TOPICS.values()} | {_GATEWAY: _socket()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Swipestream",
            "version": VERSION,
            "description": "Every topic in Kafka and every message of the websocket gateway. Generated: do not edit.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {"host": "localhost:9092", "protocol": "kafka", "description": "The event log."},
            _GATEWAY: {"host": "localhost:8001", "protocol": "ws", "description": "Pushes to mobile and web clients."},
        },
        "channels": channels,
        "operations": _operations(channels),
        "components": _components(registry),
    }


def _channel(topic: Topic, registry: Registry) -> Part:
    numbers = {name: int(value) for name, value in topic.config.items() if value.lstrip("-").isdigit()}
    settings = topic.config | {"cleanup.policy": [topic.config["cleanup.policy"]]}
    return {
        "address": topic.name,
        "summary": topic.holds,
        "description": f"Key: {topic.key}. Kept: {kept(topic)}.",
        "servers": [_ref("servers/kafka")],
        "messages": {model.TYPE: _ref(f"components/messages/{model.TYPE}") for model in messages_on(topic, registry)},
        "bindings": {
            "kafka": {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": settings | numbers}
            | _KAFKA
        },
    }


def _socket() -> Part:
    return {
        "address": gateway.PATH,
        "summary": "the websocket gateway, protocol 1",
        "description": "Messages are JSON text. What comes from the gateway is one frame or a JSON array of frames. "
        "The same frames come as server-sent events from `GET /v1/live` of the HTTP API (see OpenAPI).",
        "servers": [_ref(f"servers/{_GATEWAY}")],
        "messages": {
            model.__name__: _ref(f"components/messages/{model.__name__}")
            for model in (*gateway.REQUESTS, *gateway.FRAMES)
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operations(channels: dict[str, Part]) -> Part:
    told = {
        f"send.{name}": _operation("send", name, list(channel["messages"]))
        for name, channel in channels.items()
        if channel["messages"] and name != _GATEWAY
    }
    return told | {
        "gateway.receive": _operation("receive", _GATEWAY, [model.__name__ for model in gateway.REQUESTS]),
        "gateway.send": _operation("send", _GATEWAY, [model.__name__ for model in gateway.FRAMES]),
    }


def _operation(action: str, channel: str, messages: list[str]) -> Part:
    return {
        "action": action,
        "channel": _ref(f"channels/{channel}"),
        "messages": [_ref(f"channels/{channel}/messages/{name}") for name in messages],
    }


def _components(registry: Registry) -> Part:
    models = newest(registry)
    spoken = (*gateway.REQUESTS, *gateway.FRAMES)
    return {
        "schemas": {"RecordHeaders": headers.common()} | shapes([*models, *spoken], "#/components/schemas/{model}"),
        "messages": {model.TYPE: _record(model) for model in models}
        | {model.__name__: _spoken(model) for model in spoken},
        "correlationIds": {
            "root": {
                "location": "$message.header#/ce_correlationid",
                "description": "id of the prompt or swipe that everything began with",
            }
        },
    }


def _record(model: type[Message]) -> Part:
    key = next(topic.key for topic in TOPICS.values() if topic.family == model.FAMILY)
    return _spoken(model) | {
        "name": PREFIX + model.TYPE,
        "headers": {"allOf": [_ref("components/schemas/RecordHeaders"), headers.fixed(model)]},
        "correlationId": _ref("components/correlationIds/root"),
        "bindings": {"kafka": {"key": {"type": "string", "description": key}} | _KAFKA},
    }


def _spoken(model: type[BaseModel]) -> Part:
    return {
        "name": model.__name__,
        "title": model.__name__,
        "summary": summary(model),
        "payload": _ref(f"components/schemas/{model.__name__}"),
    }


def _ref(place: str) -> Part:
    return {"$ref": f"#/{place}"}
