"""`swipestream status`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
from rich.table import Table

from infra.cli import elsewhere
from infra.cli.console import JsonOption, config, out, print_json
from infra.errors import UnavailableError
from infra.settings import Settings
from infra.storage.space import MB, free_bytes
from infra.storage.stores import media_store
from infra.supervisor import state
from infra.supervisor.state import PartState

_COLOURS = {"ready": "green", "starting": "yellow", "restarting": "yellow", "waiting": "dim", "done": "dim"}


def status(as_json: JsonOption = False) -> None:
    """Show every part, asked now: process, state, address.

    Exit code 69 when something is not ready.

    Examples:

      swipestream status

      swipestream status --json
    """
    parts = look(config())
    if as_json:
        print_json({"parts": parts})
    else:
        _show(parts)
    if not parts or any(part["state"] != "ready" for part in parts):
        raise SystemExit(69)


def look(settings: Settings) -> list[dict[str, Any]]:
    """Every lasting part with `name`, `pid`, `state` and `address`, its state checked now."""
    run = state.load(settings.data_dir.resolve())
    media = [settings] if settings.media else []
    known = [part for part in run.parts if part.state != "done" and not part.once] if run and run.alive else []
    with ThreadPoolExecutor(16) as pool:
        there = [pool.submit(ask) for ask in elsewhere.questions(settings)]
        here, asked = pool.map(_look, known), pool.map(_media, media)
        parts = [*(store.result() for store in there), *here, *asked]
    return [*parts, _disk(settings)] if parts else []


def _media(settings: Settings) -> dict[str, Any]:
    """The bucket, where media lie in one."""
    try:
        media_store(settings)
        state = "ready"
    except UnavailableError as error:
        state = str(error)
    return {"name": "media", "pid": None, "state": state, "address": settings.media}


def _disk(settings: Settings) -> dict[str, Any]:
    """Room for media, or for copies of them. Where it is short, workers on this disk take no work."""
    free = free_bytes(settings.media_dir)
    state = "ready" if free >= settings.disk_low_mb * MB else "nearly full"
    return {"name": "disk", "pid": None, "state": state, "address": f"{free / 1e9:.1f} GB free"}


def _look(part: PartState) -> dict[str, Any]:
    return {"name": part.name, "pid": part.pid, "state": _state(part), "address": part.address}


def _state(part: PartState) -> str:
    if part.state != "ready":
        return part.state
    if part.pid and not psutil.pid_exists(part.pid):
        return "stopped"
    if part.probe and not part.probe.answers(2.0):
        return "unresponsive"
    return "ready"


def _show(parts: list[dict[str, Any]]) -> None:
    if not parts:
        return out.print("Swipestream is not running here. Start it with [bold]swipestream up[/].")
    table = Table("part", "pid", "state", "address", box=None, pad_edge=False)
    for part in parts:
        colour = _COLOURS.get(part["state"], "red")
        table.add_row(part["name"], str(part["pid"] or ""), f"[{colour}]{part['state']}[/]", part["address"])
    return out.print(table)
