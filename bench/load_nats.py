"""nats-server with its websockets, as a node of `bench load`: found on this machine, or built by Go."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Self

from bench.feed import up
from bench.load_process import MESSAGE, Node
from infra.stack.ports import free_port

VERSION = "v2.15.2"
_CONFIG = """
listen: "127.0.0.1:{port}"
ping_interval: "1h"  # the clients are too simple to answer
websocket {{ listen: "127.0.0.1:{websocket}", no_tls: true, compression: false }}
"""


class NatsNode(Node):
    """Its clients subscribe to one subject, to which each message is published over TCP."""

    greeting = "nats"

    def __init__(self, server: Path, folder: Path) -> None:
        self._port, self.port = free_port(), free_port()
        config = folder / "nats.conf"
        config.write_text(_CONFIG.format(port=self._port, websocket=self.port))
        super().__init__(str(server), "--config", str(config))

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
        await up(self.port)
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await reader.readline()
        self._writer.write(b'CONNECT {"verbose":false}\r\n')
        self._empty = self._memory()
        return self

    def append(self) -> None:
        """Publish."""
        self._writer.write(b"PUB news %d\r\n%s\r\n" % (len(MESSAGE), MESSAGE))


def server(folder: Path, go: str | None) -> Path | None:
    """The program; None, and why on stderr, where it is not here and cannot be built."""
    if found := shutil.which("nats-server"):
        return Path(found)
    if go is None:
        print("There is no nats-server and no Go on this machine: nats-server is left out.", file=sys.stderr)
        return None
    module = f"github.com/nats-io/nats-server/v2@{VERSION}"
    words = ["env", f"GOBIN={folder}", "GOFLAGS=-mod=mod", go, "install", module]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        print(f"nats-server cannot be built, so it is left out: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    return folder / "nats-server"
