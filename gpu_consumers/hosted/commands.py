"""`swipestream models jobs`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.cli.console import JsonOption, config, out, print_json
from infra.errors import NotFoundError


def jobs(
    forget: Annotated[
        str | None, typer.Option(help="Forget the order that begins like this: the next time it is bought anew.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was bought from hosted generators, the newest last: where each job is, and its price.

    Example:

      swipestream models jobs

      swipestream models jobs --forget 3fa9c1
    """
    from gpu_consumers.hosted.manifest import hosted
    from gpu_consumers.hosted.orders import Book

    found = [(name, order) for name in hosted(config()) for order in Book.of(name, config()).all()]
    if forget:
        meant = [(name, order) for name, order in found if order.key.startswith(forget)]
        if len({order.key for _, order in meant}) != 1:
            raise NotFoundError(f"{len(meant)} orders begin with {forget!r}", hint="Name one: swipestream models jobs")
        for name, order in meant:
            Book.of(name, config()).drop(order)
        found = [one for one in found if one not in meant]
    if as_json:
        return print_json([{"name": name, **order.model_dump(mode="json")} for name, order in found])
    if not found:
        return out.print("Nothing was bought yet.")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("order", "name", "job", "standing", "price", "reason"):
        table.add_column(column, justify="right" if column == "price" else "left", overflow="fold")
    for name, order in found:
        price = f"{order.price:g} {config().currency}"
        table.add_row(order.key[:16], name, order.job or "?", order.standing.value, price, order.reason)
    out.print(table)
