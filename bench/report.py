"""Figures with their aim and what they are measured against, as a table for people and JSON for scripts."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure. `against` is the peer or the limit, measured in the same run."""

    name: str
    value: float
    unit: str
    aim: str = ""
    holds: bool | None = None  #: None: told, but nothing is aimed at
    against: str = ""


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; not a number where there are none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    load = os.getloadavg()[0]
    return {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count(), "load": load}


#: Where the last result of each bench is kept.
RESULTS = Path(__file__).parent / "results"


def document(bench: str, figures: Sequence[Figure], about: Mapping[str, Any] | None = None) -> str:
    """The figures and what they were measured on, as JSON; `about` says more of it."""
    return json.dumps(
        {"bench": bench, **machine(), **(about or {}), "figures": [asdict(figure) for figure in figures]}, indent=1
    )


def keep(bench: str, figures: Sequence[Figure], about: Mapping[str, Any] | None = None) -> Path:
    """Write the document to `bench/results/BENCH.json`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{bench}.json"
    path.write_text(document(bench, figures, about) + "\n")
    return path


def show(bench: str, figures: Sequence[Figure], *, as_json: bool) -> bool:
    """Print; whether every aim holds."""
    if as_json:
        print(document(bench, figures))
    else:
        Console().print(_table(bench, figures))
    return all(figure.holds is not False for figure in figures)


def _table(bench: str, figures: Sequence[Figure]) -> Table:
    on = machine()
    table = Table(title=f"{bench}: {on['cores']} cores, load {on['load']:.1f}, Python {on['python']}")
    for column in ("figure", "value", "aim", "measured against", "holds"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for figure in figures:
        holds = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[figure.holds]
        table.add_row(figure.name, f"{_rounded(figure.value)} {figure.unit}", figure.aim, figure.against, holds)
    return table


def _rounded(value: float) -> str:
    """Three digits that count, and never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"
