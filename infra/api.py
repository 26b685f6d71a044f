"""Ask the API of the settings, from a command: the Python client, with its errors as this project's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from swipestream_client import AwayError, LateError, ProblemError, RefusedError, Swipestream
from swipestream_client import SwipestreamError as ClientError

from infra.auth.local import NAME, token
from infra.errors import BadInputError, DeadlineError, NotFoundError, SwipestreamError, UnavailableError
from infra.settings import Settings

START_HINT = "Start it with `swipestream up` (or `make run`)."
T = TypeVar("T")


class VideoRefusedError(SwipestreamError):
    """The video will not appear."""

    exit_code = 2


def ask(settings: Settings, work: Callable[[Swipestream], Awaitable[T]]) -> T:
    """What `work` returns, given a client. Raises this project's errors, with what to do about them."""

    async def run() -> T:
        async with Swipestream(settings.api_url, viewer=NAME, token=token(settings)) as api:
            return await work(api)

    with translated():
        return asyncio.run(run())


@contextmanager
def translated() -> Iterator[None]:
    """Within it, errors of the client become this project's."""
    try:
        yield
    except ClientError as error:
        raise _ours(error) from error


def _ours(error: ClientError) -> SwipestreamError:
    match error:
        case AwayError():
            return UnavailableError(str(error), hint=START_HINT)
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
