"""`swipestream backup` and `swipestream restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal
from rich.table import Table

from infra.cli.bars import bars
from infra.cli.console import KEEP, JsonOption, config, err, out, print_json
from infra.people import commands as people
from infra.storage.scratch import scratch
from infra.storage.stores import media_store

if TYPE_CHECKING:  # client libraries are loaded by the commands that need them: `--help` must not wait
    from infra.backup.manifest import Manifest
    from infra.backup.restore import Restored

Topics = Annotated[
    list[str] | None, typer.Option("--topic", help="Only this topic; may be given more than once.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add these commands to the CLI."""
    app.command("backup", rich_help_panel=KEEP)(backup)
    app.command("restore", rich_help_panel=KEEP)(restore)
    people.register(app)


def backup(
    to: Annotated[
        Path | None, typer.Option(help="The folder of the backups.", show_default="backups in the data folder")
    ] = None,
    topic: Topics = None,
    media: Annotated[bool, typer.Option("--media", help="The media files too that the records name.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write every topic into files, while everything runs.

    They are compressed and checksummed. The backup is of one moment, as after a power cut: topics, and how far each
    consumer group was. Everything else is rebuilt from it. A folder holds many backups, and keeps files that are the
    same in two of them once.

    Examples:

      swipestream backup

      swipestream backup --to /mnt/safe/swipestream --media

      swipestream backup --topic prompts --topic video-events --json
    """
    from infra.backup import take

    settings = config()
    with bars(quiet=as_json) as progress, scratch(settings.scratch_dir):
        place, manifest = take.backup(
            settings.kafka_address, to or _folder(), media_store(settings),
            topics=topic or (), include_media=media, progress=progress,
        )  # fmt: skip
    if as_json:
        return print_json({"backup": str(place), "size": manifest.size} | manifest.model_dump(mode="json"))
    out.print(_table(manifest))
    out.print(f"{manifest.records} records, {decimal(manifest.size)}: {place}", soft_wrap=True)
    _tell_media(manifest)


def restore(
    backup: Annotated[
        Path | None,
        typer.Argument(
            help="A backup, or a folder of backups: then the newest.", show_default="backups/ in the data folder"
        ),
    ] = None,
    topic: Topics = None,
    check: Annotated[bool, typer.Option("--check", help="Read the whole backup and compare; write nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete what the topics hold now, and empty the views.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back: records and consumer groups as they were.

    The views rebuild themselves then. Every file is checked before anything is written. Nothing may run but Kafka and
    Cassandra. A restore that was interrupted is begun anew with --replace.

    Examples:

      swipestream restore --check

      swipestream down; swipestream up --stores --detach; swipestream restore --replace

      swipestream restore /mnt/safe/swipestream/20260131T120000.000000Z.backup.json
    """
    from infra.backup.restore import Restore, Restored

    settings = config()
    with bars(quiet=as_json) as progress:
        work = Restore(settings, backup or _folder(), media_store(settings), topic or (), progress)
        work.check()
        done = Restored(manifest=work.manifest) if check else work.run(replace=replace)
    if as_json:
        return print_json(done.as_json())
    out.print(_table(done.manifest))
    _tell(done)


def _folder() -> Path:
    return config().data_dir / "backups"


def _table(manifest: Manifest) -> Table:
    table = Table("topic", "partitions", "records", "compressed", box=None, pad_edge=False)
    for topic in manifest.topics:
        if topic.records:
            size = sum(one.size for part in topic.partitions for one in part.segments)
            table.add_row(topic.name, str(len(topic.partitions)), str(topic.records), decimal(size))
    return table


def _tell_media(manifest: Manifest) -> None:
    media = manifest.media
    if media.files:
        held = "in the backup too" if media.included else "named, but not in the backup: see --media"
        err.print(f"{media.files} media files, {decimal(media.size)}: {held}.")


def _tell(done: Restored) -> None:
    made = f"{done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
    if not done.written:
        out.print(f"{done.manifest.records} records of {made}: every file is as it was written.")
        return _tell_media(done.manifest)
    out.print(f"{done.manifest.records} records of {made} are back. `swipestream up` rebuilds the views from them.")
    if done.erased:
        err.print(f"{done.erased} viewers had been erased since, and stay erased.")
    for topic, parts in done.moved.items():
        err.print(f"{topic}: records of {len(parts)} partitions have other offsets than before.")
    if done.missing:
        err.print(
            f"{done.missing} of {done.manifest.media.files} media files are neither in the backup nor in the store."
        )
    return None
