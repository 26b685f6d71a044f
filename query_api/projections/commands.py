"""`swipestream projections list|rebuild|verify|promote|rollback|drop`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.console import KEEP, JsonOption, config, err, out, print_json

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from query_api.projections.operations import Operator

projections = typer.Typer(
    no_args_is_help=True,
    help="Versions of the read model: filled, compared, switched.",
    epilog='Begin with `swipestream projections rebuild --reason "…"`; then `verify`, then `promote --reason "…"`.',
)

#: A login without a name, as some containers have it.
_NOBODY = "nobody"


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return _NOBODY


def _today() -> str:
    """Another sample every day, and the same all day long."""
    return datetime.now(UTC).date().isoformat()


By = Annotated[
    str, typer.Option("--by", help="Who decides.", envvar="SWIPESTREAM_OPERATOR", show_default="the login name")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the event.", show_default=False)]
Number = Annotated[int | None, typer.Argument(metavar="VERSION", help="Its number.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.add_typer(projections, name="projections", rich_help_panel=KEEP)


@projections.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """List the versions: which is live, how far each is behind the log, who decided what and why.

    Examples:

      swipestream projections list

      swipestream projections list --json
    """
    from query_api.projections import operations, screen

    found = operations.listed(config())
    if as_json:
        return print_json([one.version.as_json() | {"keyspace": one.keyspace, "lag": one.lag} for one in found])
    return out.print(screen.table(found))


@projections.command("rebuild")
def rebuild(
    reason: Reason,
    resume: Annotated[int | None, typer.Option(help="Go on with this version.", min=1, show_default=False)] = None,
    by: By = "",
    as_json: JsonOption = False,
) -> None:
    """Fill a new version from the beginning of the log, beside the live one, until it has caught up.

    Only rows come of it. Ctrl-C stops it; --resume goes on where it was.

    Examples:

      swipestream projections rebuild --reason "titles were cut"

      swipestream projections rebuild --resume 2 --reason "after the outage"
    """
    from query_api.projections import operations, screen

    who = _operator(by, reason)
    number = operations.begin(config(), who, resume)
    with screen.watched(f"version {number}", quiet=as_json) as (stopped, told):
        done = operations.fill(config(), number, who, stopped, told)
        progress = told.last
    if as_json:
        print_json({"version": number, "caught_up": done} | progress.as_json())
    elif done:
        out.print(
            f"Version {number} has caught up: {progress.told()}. Compare it: swipestream projections verify {number}"
        )
    if not done:
        err.print(f'Stopped. Go on with: swipestream projections rebuild --resume {number} --reason "…"')
        raise SystemExit(130)


@projections.command("verify")
def verify(
    number: Number = None,
    against: Annotated[int | None, typer.Option(help="The other version; the live one by default.", min=1)] = None,
    sample: Annotated[
        int | None, typer.Option(help="Compare so many videos and viewers with the log instead.", min=1, max=100_000)
    ] = None,
    seed: Annotated[str, typer.Option(help="Which ones: the same seed takes the same keys of the same log.")] = "",
    by: By = "",
    as_json: JsonOption = False,
) -> None:
    """Compare a version, by default the newest that is not live, with the live one: every row, by its hash.

    With --sample, keys are drawn and the log is folded for them in memory, one record after the other. What differs
    is looked at again once both have come as far as the log. Exit code 1 when something differs.

    Examples:

      swipestream projections verify

      swipestream projections verify 1 --sample 200 --json
    """
    from query_api.projections import operations, screen

    wanted = operations.Comparison(number=number, against=against, sample=sample, seed=seed or _today())
    with screen.counted(quiet=as_json) as (stopped, said):
        event, verdict = operations.verify(config(), wanted, by or _login(), stopped, said)
    if as_json:
        print_json({"version": event.version, "against": event.against} | verdict.as_json())
    else:
        screen.told(event, verdict)
    if verdict.differences:
        raise SystemExit(1)


@projections.command("promote")
def promote(reason: Reason, number: Number = None, by: By = "", as_json: JsonOption = False) -> None:
    """Let every reader use a version, by default the newest that is not live. It catches up first.

    Readers and the projector follow within about a second, without a restart. The version that was live is kept.

    Examples:

      swipestream projections promote --reason "verified"

      swipestream projections promote 3 --reason "verified" --by mira
    """
    from query_api.projections import operations, screen

    with screen.watched("catching up", quiet=as_json) as (stopped, told):
        version = operations.promote(config(), number, _operator(by, reason), stopped, told)
    _switched(version, as_json=as_json)


@projections.command("rollback")
def rollback(
    reason: Reason,
    number: Number = None,
    at_once: Annotated[
        bool, typer.Option("--now", help="Do not catch up first: rows are older until the projector has brought them.")
    ] = False,
    by: By = "",
    as_json: JsonOption = False,
) -> None:
    """Go back to the version that was live before. What it missed since then is read from the log first.

    Examples:

      swipestream projections rollback --reason "covers are missing"

      swipestream projections rollback --now --reason "feeds are empty"
    """
    from query_api.projections import operations, screen

    with screen.watched("catching up", quiet=as_json) as (stopped, told):
        version = operations.rollback(config(), number, _operator(by, reason), stopped, told, at_once=at_once)
    _switched(version, as_json=as_json)


@projections.command("drop")
def drop(
    number: Annotated[int, typer.Argument(metavar="VERSION", help="Its number.", show_default=False)],
    reason: Reason,
    by: By = "",
    as_json: JsonOption = False,
) -> None:
    """Take a version away, its tables and all. Refused for the one that is live.

    Example:

      swipestream projections drop 1 --reason "version 2 has been live for a week"
    """
    from query_api.projections import operations

    operations.drop(config(), number, _operator(by, reason))
    if as_json:
        return print_json({"version": number, "status": "dropped"})
    return out.print(f"Version {number} is gone.")


def _operator(by: str, why: str) -> Operator:
    from query_api.projections.operations import Operator

    return Operator(by=by or _login(), why=why)


def _switched(version: int, *, as_json: bool) -> None:
    if as_json:
        return print_json({"version": version, "status": "live"})
    return out.print(f"Version {version} is live. Back: swipestream projections rollback --reason …")
