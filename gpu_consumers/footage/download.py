"""Fetching from stock libraries: bounded in bytes and in seconds, and judged by what it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.footage.errors import FootageError
from gpu_consumers.footage.sniff import HEAD, Sniffed, sniff

_MIB = 1024 * 1024
#: The largest answer to a search, in bytes.
LARGEST_ANSWER = 4 * _MIB
_BUSY = frozenset([408, 425, 429, 500, 502, 503, 504])
_REDIRECTS = 4


class BusyError(FootageError, TransientBackendError):
    """The library is busy, broken or slow: asking once more may help."""


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """Asks over HTTP. Each request has the whole time for itself, and no more bytes than allowed."""

    timeout_s: float
    most_bytes: int

    def json(self, address: str, words: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object of an answer. Raises `FootageError`, `BusyError`."""
        body = b"".join(self._pieces(address, words, headers, LARGEST_ANSWER))
        try:
            found = json.loads(body)
        except ValueError as error:
            raise FootageError(f"{_host(address)} did not answer with JSON") from error
        if not isinstance(found, dict):
            raise FootageError(f"{_host(address)} did not answer with a JSON object")
        return found

    def file(self, address: str, out: Path) -> Sniffed:
        """Write a file to `out`, and say what it is; nothing is left where it fails. Raises as above."""
        try:
            with out.open("wb") as file:
                head = b""
                for piece in self._pieces(address, {}, {}, self.most_bytes):
                    if len(head) < HEAD:
                        head = (head + piece)[:HEAD]
                        if len(head) == HEAD and sniff(head) is None:
                            break
                    file.write(piece)
            known = sniff(head)
            if known is None:
                raise FootageError(f"{_host(address)} sent something that is neither an image nor a clip")
        except BaseException:
            out.unlink(missing_ok=True)
            raise
        return known

    def _pieces(self, address: str, words: Mapping[str, str], headers: Mapping[str, str], most: int) -> Iterator[bytes]:
        deadline, size = time.monotonic() + self.timeout_s, 0
        client = httpx.Client(timeout=self.timeout_s, follow_redirects=True, max_redirects=_REDIRECTS)
        with _told(address), client, client.stream("GET", address, params=words or None, headers=headers) as answer:
            _check(answer, address, most)
            for piece in answer.iter_bytes(64 * 1024):
                size += len(piece)
                if size > most:
                    raise FootageError(f"{_host(address)} sent more than {most / _MIB:g} MiB")
                if time.monotonic() > deadline:
                    raise BusyError(f"{_host(address)} took longer than {self.timeout_s:g} s")
                yield piece


def _check(answer: httpx.Response, address: str, most: int) -> None:
    if answer.status_code in _BUSY:
        raise BusyError(f"{_host(address)} answered {answer.status_code}")
    if answer.status_code != 200:
        raise FootageError(f"{_host(address)} answered {answer.status_code}")
    if int(answer.headers.get("content-length") or 0) > most:
        raise FootageError(f"{_host(address)} offers more than {most / _MIB:g} MiB")


@contextmanager
def _told(address: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise BusyError(f"{_host(address)} did not answer in time") from error
    except httpx.TransportError as error:
        raise BusyError(f"{_host(address)} did not answer: {type(error).__name__}") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FootageError(f"{_host(address)} cannot be asked: {type(error).__name__}") from error


def _host(address: str) -> str:
    # Never the whole address: a key may stand in it.
    try:
        return httpx.URL(address).host or "the library"
    except httpx.InvalidURL:
        return "the library"
