"""What people see of a plan and of a result."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table

from tests.chaos.plan import Plan, Prompt, Swipes, Walk
from tests.chaos.run import Result


def _console() -> Console:
    # Into a file, lines may be longer than those of a terminal that is not there.
    return Console(width=None if sys.stdout.isatty() else 140)


def show(result: Result) -> None:
    """The table of verdicts, and what was done to deserve them."""
    console = _console()
    table = Table(box=None, pad_edge=False, title_justify="left")
    for heading in ("", "check", "looked at"):
        table.add_column(heading)
    for one in result.verdicts:
        table.add_row("[green]holds[/]" if one.holds else "[red]FAILS[/]", one.name, one.looked_at)
        if not one.holds:
            table.add_row("", f"[red]{one.detail}[/]", "")
    console.print(table)
    faults = ", ".join(f"{count} x {fault}" for fault, count in sorted(result.faults.items()))
    console.print(f"\nfaults: {faults}; {result.repeated} records repeated", highlight=False)
    if result.missed:
        console.print(f"missed: {'; '.join(result.missed)}", highlight=False)
    console.print(
        f"answers: {', '.join(f'{what}: {count}' for what, count in result.answers.items())}", highlight=False
    )
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in result.seconds.items())
    verdict = "[green]every promise holds[/]" if result.holds else "[red]A PROMISE IS BROKEN[/]"
    console.print(f"seed {result.plan.seed} ({result.plan.size.name}): {verdict} ({took})", highlight=False)


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """What would be done, and when."""
    console = _console()
    if as_json:
        console.out(json.dumps(plan.as_json(), indent=2), highlight=False)
        return
    swipes = sum(len(step.swipes) for step in plan.of(Swipes))
    console.print(
        f"seed {plan.seed} ({plan.size.name}): {len(plan.of(Prompt))} prompts, {swipes} swipes in "
        f"{len(plan.of(Swipes))} requests, {len(plan.of(Walk))} walks, within {plan.size.seconds:.0f} s",
        highlight=False,
    )
    for fault in plan.faults:
        console.print(f"{fault.at:7.2f} s  {fault}", highlight=False)
