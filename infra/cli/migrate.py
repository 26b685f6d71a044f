"""`swipestream topics apply` and `swipestream tables apply`: the migrations."""

from __future__ import annotations

from dataclasses import asdict

import typer

from infra.cli.console import JsonOption, config, out, print_json

topics = typer.Typer(no_args_is_help=True, help="The topics in Kafka.")
tables = typer.Typer(no_args_is_help=True, help="The tables in Cassandra.")


@topics.command("apply")
def apply_topics(as_json: JsonOption = False) -> None:
    """Make Kafka's topics what this version needs.

    Says what it changed. Safe to repeat.

    Examples:

      swipestream topics apply

      SWIPESTREAM_KAFKA=broker:9092 swipestream topics apply --json
    """
    # Imported here, as everything that loads a client library: `--help` must not wait for it.
    from infra.kafka.admin import apply_topics as apply

    changes = apply(config().kafka_address, config().kafka_replication, scenes=config().scene_partitions)
    if as_json:
        return print_json([asdict(change) for change in changes])
    for action in ("created", "altered"):
        if names := [change.name for change in changes if change.action == action]:
            out.print(f"{action}: {', '.join(names)}")
    out.print(f"{len(changes)} topics are as they should be.")


@tables.command("apply")
def apply_tables(as_json: JsonOption = False) -> None:
    """Make Cassandra's tables what this version needs.

    Says what it created. Safe to repeat.

    Examples:

      swipestream tables apply

      SWIPESTREAM_CASSANDRA=node:9042 swipestream tables apply --json
    """
    from infra.cassandra.migrate import apply_tables as apply

    created = apply(config())
    if as_json:
        return print_json([{"name": name, "action": "created"} for name in created])
    if created:
        out.print(f"created: {', '.join(created)}")
    out.print("All tables are as they should be.")


@topics.callback()
@tables.callback()
def _group() -> None:
    """Keeps `apply` a subcommand while it is the only one."""
