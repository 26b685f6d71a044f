"""`swipestream media gc`: take away the files that nothing needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.console import JsonOption, config, err, out, print_json

if TYPE_CHECKING:
    from infra.settings import Settings
    from infra.storage.retention import Needs
    from infra.storage.sweep import Swept

media = typer.Typer(help="Housekeeping of the media store.", no_args_is_help=True)
#: Topics whose records name media files, and what says for whom nothing is kept any more.
TOPICS = ("prompts", "video-events", "project-events", "uploads", "viewers")
_DAY_S = 86_400.0

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go, and touch nothing.")]
Grace = Annotated[float | None, typer.Option(help="Hours that a file stays whatever it is (default: the setting).")]
Keep = Annotated[
    float | None, typer.Option(help="Days that the parts of published videos stay (default: the setting).")
]


@media.command("gc")
def gc(dry_run: DryRun = False, grace_hours: Grace = None, keep_days: Keep = None, as_json: JsonOption = False) -> None:
    """Delete media files that no published video, open project or upload needs, and what broken writes left behind.

    What is needed is read from the log; nothing is deleted when the log cannot be read to its end.

    Examples:

      swipestream media gc --dry-run

      swipestream media gc --grace-hours 1 --json
    """
    from infra.storage.stores import artifact_index, media_store
    from infra.storage.sweep import Sweeper
    from schemas.base import now_us

    settings = config()
    grace_s = settings.media_grace_s if grace_hours is None else grace_hours * 3600
    if settings.media:
        _long_enough(grace_s)
    needs = read(settings, quiet=as_json)
    keep_s = settings.media_keep_s if keep_days is None else keep_days * _DAY_S
    sweeper = Sweeper(media=media_store(settings), index=artifact_index(settings), grace_s=grace_s)
    swept = sweeper.sweep(needs.hot(), needs.kept(now_us(), keep_s), dry_run=dry_run)
    if as_json:
        return print_json(swept.json())
    return _show(swept)


def _long_enough(grace_s: float) -> None:
    from infra.errors import ConfigurationError
    from infra.media_grace import SHORTEST_S

    if grace_s < SHORTEST_S:
        told = f"A grace of {grace_s:g} s is too short for a bucket: it must be {SHORTEST_S} s or more."
        raise ConfigurationError(told, hint="Set --grace-hours higher.")


def read(settings: Settings, *, quiet: bool = False) -> Needs:
    """What the whole log needs. Raises UnavailableError, and DecodeError for a record that cannot be read."""
    from rich.progress import Progress

    from infra.backup.media import named
    from infra.contracts.slices import Slice
    from infra.storage.retention import Needs

    needs = Needs()
    with Progress(console=err, disable=quiet, transient=True) as progress:
        for topic in TOPICS:
            with Slice(settings.kafka_address, topic) as records:
                bar = progress.add_task(f"reading {topic}", total=records.total)
                for record in records:
                    # A record that cannot be read ends it all: what it needs is not known.
                    needs.learn(record.decode().data, [name for name, _ in named(record.value)])
                    progress.update(bar, completed=records.done)
                progress.update(bar, total=1, completed=1)  # an empty topic is read, too
    return needs


def _show(swept: Swept) -> None:
    from rich.table import Table

    table = Table("files", "", "size", box=None, pad_edge=False)
    for word, count, size in (
        ("hot", swept.hot, swept.hot_bytes),
        ("kept", swept.kept, swept.kept_bytes),
        ("younger than the grace period", swept.young, swept.young_bytes),
        ("left by broken writes", swept.leftovers, swept.leftover_bytes),
        ("purged", swept.purged, swept.freed_bytes),
    ):
        table.add_row(word, str(count), f"{size / 1e6:.1f} MB")
    out.print(table)
    freed = (swept.freed_bytes + swept.leftover_bytes) / 1e6
    would = "would be freed; nothing was touched" if swept.dry_run else "freed"
    out.print(f"[bold]{freed:.1f} MB[/] {would}. Index entries whose time is over: {swept.expired}.")
