"""`python -m bench.load_node CLIENTS`: a gateway node. It says its port; each line on stdin appends an event.

It is for one viewer where the line names one, and when that was (`load_process.OWN`), else for everyone. All is on:
resume tokens, limits, keep-alive, metrics.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from bench.gateway_clients import raise_limit
from bench.gateway_log import batch, received, received_by
from bench.load_process import OWN
from query_api.gateway import Gateway, Hub, Limits


def main() -> None:
    """Serve until stdin ends."""
    raise_limit()
    uvloop.run(_serve(int(sys.argv[1])))


async def _serve(clients: int) -> None:
    # The clients are too simple to answer a ping: the keep-alive is there, its first ping comes after the end.
    hub = Hub(limits=Limits(connects_per_s=1e9, connections=clients + 1000, ping_s=3600))
    hub.take(batch([], {0: 0}))
    told, sys.stdout = sys.stdout, sys.stderr  # what is logged is none of the answer
    running = asyncio.create_task(hub.run())
    async with Gateway(hub) as gateway:
        await gateway.listen("127.0.0.1", 0)
        print(gateway.port, file=told, flush=True)
        lines = await stdin()
        while line := await lines.readline():
            words = line.decode().split()
            hub.take(batch([received_by(*words[1:]) if words[0] == OWN else received()]))
    running.cancel()


async def stdin() -> asyncio.StreamReader:
    """What is told to this process."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


if __name__ == "__main__":
    main()
