"""The Python client of Swipestream: prompts, the feed, and a stream of events that resumes without gaps."""

from swipestream_client.client import Swipestream
from swipestream_client.errors import (
    AwayError,
    ClosedError,
    LateError,
    ProblemError,
    RefusedError,
    SwipestreamError,
)
from swipestream_client.following import Step
from swipestream_client.stream import Stream

__all__ = [
    "AwayError",
    "ClosedError",
    "LateError",
    "ProblemError",
    "RefusedError",
    "Step",
    "Stream",
    "Swipestream",
    "SwipestreamError",
]
__version__ = "0.1.0"
