"""`swipestream up`."""

from __future__ import annotations

import asyncio
import shutil
import signal
from dataclasses import replace
from typing import Annotated, Literal

import typer
from rich.console import Group
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from infra.cli import detached
from infra.cli.console import config, err
from infra.errors import ConfigurationError
from infra.settings import Settings
from infra.stack import checks, docker, jars
from infra.storage.stores import media_store
from infra.supervisor import leftovers, plan, state
from infra.supervisor.part import Part
from infra.supervisor.screen import Screen
from infra.supervisor.supervisor import Supervisor

#: What the parts keep under the data folder; nothing else in it is ever removed.
KEPT = ("kafka", "cassandra", "faust", "media", "media-cache", "artifacts", "scratch", "logs")
#: What stays in `run` under it: the lock is held, and the log may be written.
_STAYS = ("lock", "up.log")
_MEMORY_FOR_STORES, _MEMORY_FOR_A_WORKER = 1_200_000_000, 250_000_000

Kind = Literal["jars", "docker", "none"]


def up(
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget all data of earlier runs first.")] = False,
    workers: Annotated[int, typer.Option(help="How many workers; 0: one for each core.", min=0, max=256)] = 0,
    starter: Annotated[
        bool, typer.Option(" /--no-starter", show_default=False, help="Do not ask for the first few videos.")
    ] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Return once all is ready; it runs on.")] = False,
    stores: Annotated[bool, typer.Option("--stores", help="Only Kafka and Cassandra: what a restore needs.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Show all that is logged, not only trouble and news.")] = False,
) -> None:
    """Start everything on this machine, until Ctrl-C.

    Kafka and Cassandra come from SWIPESTREAM_KAFKA and SWIPESTREAM_CASSANDRA, else from Docker where it runs, else from
    jars that are downloaded once. What was made before is still there the next time.

    Examples:

      swipestream up

      swipestream up --workers 4 --no-starter

      swipestream up --detach && swipestream status

      swipestream up --fresh

      swipestream up --stores --detach && swipestream restore
    """
    settings = config()
    if workers:
        settings = settings.model_copy(update={"workers": workers})
    checks.check_writable(settings.data_dir)
    if detach:
        detached.start(settings, fresh=fresh, starter=starter, stores=stores)
    else:
        _run(settings, fresh=fresh, starter=starter, stores=stores, logs=logs)
    err.print(_told(settings, stores) if detach else "Stopped. `swipestream up` goes on with the same data.")


def _run(settings: Settings, *, fresh: bool, starter: bool, stores: bool, logs: bool) -> None:
    # Until the supervisor has its own handler, SIGTERM unwinds as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with state.exclusive(settings.data_dir):
        kind = _kind(settings)
        _clean(settings, kind, fresh=fresh)
        _check(settings, kind)
        ours = () if stores else plan.app_parts(settings, starter=starter)
        parts = [*_stores(settings, kind), *(replace(part, quiet=part.quiet and not logs) for part in ours)]
        if not parts:
            raise ConfigurationError("--stores starts nothing: both addresses are set, so both run elsewhere.")
        supervisor = Supervisor(parts, settings.data_dir, Screen(err))
        try:
            asyncio.run(supervisor.run(lambda: err.print(_told(settings, stores))))
        finally:
            if kind == "docker":
                docker.stop()


def _kind(settings: Settings) -> Kind:
    """Addresses in the settings come first, then Docker, then jars."""
    if not plan.own(settings):
        return "none"
    if settings.stack == "docker" or (settings.stack == "auto" and docker.compose_works()):
        return "docker"
    return "jars"


def _clean(settings: Settings, kind: Kind, *, fresh: bool) -> None:
    if count := leftovers.end(settings.data_dir):
        err.print(f"Ended {count} processes that an earlier run had left behind.")
    if fresh:
        _forget(settings, kind)


def _forget(settings: Settings, kind: Kind) -> None:
    if len(plan.own(settings)) < 2:
        raise ConfigurationError(
            "--fresh cannot forget what a Kafka or Cassandra keeps that runs elsewhere.",
            hint="Delete its topics and its keyspace yourself, or unset SWIPESTREAM_KAFKA and SWIPESTREAM_CASSANDRA.",
        )
    for name in KEPT:
        shutil.rmtree(settings.data_dir / name, ignore_errors=True)
    for file in (settings.data_dir / "run").iterdir():
        # The key of the gateway too: a token signed before would name offsets of a log that is gone.
        if file.name not in _STAYS:
            file.unlink()
    if kind == "docker":
        docker.forget()


def _check(settings: Settings, kind: Kind) -> None:
    checks.check_disk(settings.data_dir)
    media_store(settings)  # a bucket that is away is told here, not by every part
    needed = _MEMORY_FOR_A_WORKER * plan.worker_count(settings)
    checks.check_memory(needed + (0 if kind == "none" else _MEMORY_FOR_STORES))
    checks.check_ports(list(plan.wanted_ports(settings, plan.own(settings) if kind == "jars" else ())))


def _stores(settings: Settings, kind: Kind) -> list[Part]:
    if kind == "jars":
        _download(settings)
        for local in plan.local_parts(settings).values():
            local.prepare()
        return plan.jar_parts(settings)
    if kind == "docker":
        with err.status("Pulling the images of Kafka and Cassandra …"):
            docker.pull()
        return plan.docker_parts(settings)
    return []


def _download(settings: Settings) -> None:
    if not (missing := jars.missing(*plan.own(settings))):
        return
    columns = (TextColumn("Downloading Kafka and Cassandra"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err) as bar:
        task = bar.add_task("jars", total=sum(jar.size for jar in missing))
        jars.fetch(*plan.own(settings), mirror=settings.maven, progress=lambda count: bar.advance(task, count))


def _told(settings: Settings, stores: bool) -> Panel | str:
    return "Kafka and Cassandra are up, and nothing else." if stores else _greeting(settings)


def _greeting(settings: Settings) -> Panel:
    lines = (
        f"[bold]Watch it[/]   {settings.api_url}/",
        '[bold]Ask it[/]     swipestream prompt "Why do cats purr?" --wait --out cats.mp4',
        "[bold]See it[/]     swipestream status",
        f"[bold]Logs[/]       {settings.data_dir / 'logs'}",
        "[bold]Stop it[/]    Ctrl-C here, or swipestream down",
    )
    return Panel(Group(*lines), title="Swipestream is up", expand=False, border_style="green", padding=(1, 2))
