"""`swipestream contracts …` and `swipestream export`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from infra.cli.console import KEEP, LOOK, JsonOption, err, out, print_json
from infra.contracts import files, published
from infra.contracts.errors import DriftError
from infra.contracts.export_command import export
from schemas.base import REGISTRY
from schemas.documents.bundle import bundle

contracts = typer.Typer(no_args_is_help=True, help="The contracts: documents, compatibility, publishing.")

_COLOURS = {"published": "green", "incompatible": "red"}


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(contracts, name="contracts", rich_help_panel=KEEP)
    app.command("export", rich_help_panel=LOOK)(export)


@contracts.command("generate")
def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if anything would change.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write JSON Schemas, AsyncAPI, TypeScript types and the reference page from the contracts.

    Examples:

      swipestream contracts generate

      swipestream contracts generate --check
    """
    root, wanted = files.checkout(), bundle(REGISTRY)
    wrong = files.drift(root, wanted) if check else files.write(root, wanted)
    if as_json:
        print_json([asdict(item) for item in wrong])
    for item in wrong if not as_json else ():
        out.print(f"{item.state:<9} {item.path}", soft_wrap=True)
    if check and wrong:
        raise DriftError(
            f"{len(wrong)} of {len(wanted)} generated files differ from the contracts.",
            hint="Run `swipestream contracts generate` and commit what it writes.",
        )
    err.print(f"{len(wanted)} generated files are as the contracts say.")


@contracts.command("check")
def check_contracts(as_json: JsonOption = False) -> None:
    """Compare today's contracts with the published ones; exit 1 if a change would break readers or records.

    Examples:

      swipestream contracts check

      swipestream contracts check --json
    """
    found = published.check(files.checkout())
    if as_json:
        print_json([asdict(standing) for standing in found])
    else:
        table = Table("message", "published", "today", "state", box=None, pad_edge=False)
        for standing in found:
            colour = _COLOURS.get(standing.state, "yellow")
            shown = f"[{colour}]{standing.state}[/]"
            table.add_row(standing.message, _version(standing.published), _version(standing.today), shown)
        out.print(table)
    published.refuse(found)
    err.print("No change breaks those who read these, or records that are kept.")


@contracts.command("publish")
def publish(
    registry: Annotated[
        str | None,
        typer.Option(help="Address of a Confluent-compatible schema registry.", envvar="SWIPESTREAM_REGISTRY"),
    ] = None,
    compatibility: Annotated[
        str | None, typer.Option(help="Set this rule on each subject first, such as NONE or BACKWARD.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Freeze today's contracts as published, and register them under `<topic>-<Type>` where a registry is given.

    Nothing is frozen or registered while any change is incompatible. Safe to repeat.

    Examples:

      swipestream contracts publish

      swipestream contracts publish --registry http://localhost:8081 --compatibility NONE
    """
    from infra.contracts.registry import register_all

    root = files.checkout()
    published.refuse(published.check(root))
    registered = register_all(registry, compatibility) if registry else []
    frozen = published.freeze(root)
    if as_json:
        return print_json({"frozen": frozen, "registered": [asdict(item) for item in registered]})
    for item in registered:
        out.print(f"registered {item.subject} as {item.id}", soft_wrap=True)
    for name in frozen:
        out.print(f"frozen     {name}")
    err.print("Nothing has changed." if not frozen else f"{len(frozen)} schemas are published: commit them.")


def _version(number: int | None) -> str:
    return "" if number is None else f"v{number}"
