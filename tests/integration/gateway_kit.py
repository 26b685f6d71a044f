"""Websocket clients and a producer for the tests of the gateway."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.stack import ports
from query_api.gateway import Gateway
from schemas import base
from schemas.envelope import root
from tests.unit.gateway_kit import VIEWER, unpack


class Client:
    """A websocket that collects frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def until(self, kind: str, count: int = 1, timeout_s: float = 20, **fields: Any) -> list[dict[str, Any]]:
        """Frames of a kind with these fields, once there are `count` of them."""
        async with asyncio.timeout(timeout_s):
            while len(found := self.of(kind, **fields)) < count:
                self.frames += unpack(await self.connection.recv())
        return found

    def of(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind and fields.items() <= frame.items()]

    @property
    def token(self) -> str:
        return [frame["token"] for frame in self.frames if frame.get("token")][-1]


async def dial(node: Gateway, viewer: str = VIEWER, **hello: Any) -> Client:
    client = Client(await connect(f"ws://127.0.0.1:{node.port}/"))
    await client.say(type="hello", viewer_id=viewer, **hello)
    await client.until("welcome")
    return client


def settings(kafka: str, folder: Path) -> Settings:
    return Settings(kafka=kafka, data_dir=folder, gateway_port=ports.free_port())


async def live(node: Gateway) -> None:
    async with asyncio.timeout(30):
        while not node.hub.live:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)


def send(producer: EventProducer, *events: base.Message) -> None:
    """Publish, and wait until the broker has all of it."""
    producer.publish_all([(root(event, source="test"), None) for event in events])
