"""Ask the API of the settings, from a command: the Python client, with its errors as this project's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from infra.auth.local import NAME, token
from infra.errors import BadInputError, DeadlineError, NotFoundError, SwipestreamError, UnavailableError
from infra.settings import Settings
from infra.supervisor import state

if TYPE_CHECKING:  # commands that ask nobody need not wait for the client
    from swipestream_client import Swipestream
    from swipestream_client import SwipestreamError as ClientError

_START = "Start it with `swipestream up` (or `make run`)."
T = TypeVar("T")


class VideoRefusedError(SwipestreamError):
    """The video will not appear."""

    exit_code = 2


def ask(settings: Settings, work: Callable[[Swipestream], Awaitable[T]]) -> T:
    """What `work` returns, given a client. Raises this project's errors, with what to do about them."""

    from swipestream_client import Swipestream

    async def run() -> T:
        async with Swipestream(settings.api_url, viewer=NAME, token=token(settings)) as api:
            return await work(api)

    with translated(settings):
        return asyncio.run(run())


@contextmanager
def translated(settings: Settings) -> Iterator[None]:
    """Within it, errors of the client become this project's."""
    from swipestream_client import SwipestreamError as ClientError

    try:
        yield
    except ClientError as error:
        raise _ours(error, settings) from error


def start_hint(settings: Settings) -> str:
    """What to do where nobody answers at the API's address: what runs on this data folder may be at another one."""
    run = state.load(settings.data_dir.resolve())
    found = next((part.address for part in run.parts if part.name == "api"), "") if run and run.alive else ""
    if found in ("", settings.api_url):
        return _START
    told = f"SWIPESTREAM_API_PORT={urlsplit(found).port}"
    return f"Swipestream runs here, but its API is {found}. Set {told}, or write that into swipestream.env."


def _ours(error: ClientError, settings: Settings) -> SwipestreamError:
    from swipestream_client import AwayError, LateError, ProblemError, RefusedError

    match error:
        case AwayError():
            return UnavailableError(str(error), hint=start_hint(settings))
        case ProblemError(problem=told, status=status) if not told:
            what = f"What answers at {settings.api_url} (HTTP {status}) is not Swipestream's API."
            return UnavailableError(what, hint=start_hint(settings))
        case ProblemError(status=401):
            return BadInputError(
                str(error), hint="Set SWIPESTREAM_TOKEN: `swipestream token` makes one beside the API."
            )
        case ProblemError(status=404):
            return NotFoundError(str(error))
        case ProblemError(passing=True):
            return UnavailableError(str(error), hint="Try again; `swipestream status` shows what is missing.")
        case RefusedError():
            return VideoRefusedError(str(error), hint=f"See `swipestream trace {error.video_id}`.")
        case LateError():
            return DeadlineError(str(error), hint=f"See `swipestream trace {error.video_id}`.")
        case _:
            return BadInputError(str(error))
