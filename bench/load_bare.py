"""`python -m bench.load_bare`: the `websockets` library and a loop that writes one prepared frame to all; nothing else.

It says its port; each line on stdin goes to everyone who has said hello.
"""

from __future__ import annotations

import uvloop
from websockets.asyncio.server import ServerConnection, serve

from bench.gateway_clients import raise_limit
from bench.load_node import stdin
from query_api.gateway.frames import Message


def main() -> None:
    """Serve until stdin ends."""
    raise_limit()
    uvloop.run(_serve())


async def _serve() -> None:
    connections: list[ServerConnection] = []

    async def talk(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"type":"welcome"}')
        connections.append(connection)
        await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        lines = await stdin()
        while line := await lines.readline():
            message = Message(line.strip())
            for connection in connections:
                connection.transport.write(message.wire)


if __name__ == "__main__":
    main()
