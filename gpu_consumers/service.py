"""A model behind HTTP: one request, a deadline for the whole answer, and errors that say whether to try again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError

_TRANSIENT = frozenset([408, 409, 425, 429, 500, 502, 503, 504, 529])
_LARGEST = 64 * 1024 * 1024


class RefusedError(BackendError):
    """The service refused the request as it is (400, 404, 422 …)."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """An OpenAI-compatible service. The key is read from the environment for each request and kept nowhere."""

    label: str  #: what error messages call it
    url: str
    api_key_env: str | None = None
    timeout_s: float = 30.0

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The whole answer. Raises `TransientBackendError` (busy, broken, late), `RefusedError` or `BackendError`."""
        return b"".join(self.stream(path, body))

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[bytes]:
        """The answer in pieces, as they come. Raises as `post` does."""
        if not self.url:
            raise BackendMissingError(f"the flavor names no address for the {self.label}")
        # The deadline is for the whole answer: a service that sends a byte now and then is late, too.
        deadline, size = time.monotonic() + self.timeout_s, 0
        client = httpx.Client(timeout=self.timeout_s)
        address, headers = f"{self.url.rstrip('/')}/{path}", self._headers()
        with self._errors(), client, client.stream("POST", address, json=body, headers=headers) as answer:
            self._check(answer)
            for piece in answer.iter_bytes():
                size += len(piece)
                if time.monotonic() > deadline:
                    raise TransientBackendError(f"the {self.label} took longer than {self.timeout_s:g} s")
                if size > _LARGEST:
                    raise BackendError(f"the {self.label} sent more than {_LARGEST >> 20} MiB")
                yield piece

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise TransientBackendError(f"the {self.label} took longer than {self.timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise TransientBackendError(f"the {self.label} did not answer: {type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BackendError(f"the {self.label} cannot be asked: {error}") from error

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code in _TRANSIENT:
            raise TransientBackendError(f"the {self.label} answered {answer.status_code}")
        if answer.status_code != 200:
            detail = answer.read()[:200].decode("utf-8", "replace")
            raise RefusedError(f"the {self.label} answered {answer.status_code}: {detail}")
