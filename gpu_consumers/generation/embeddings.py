"""Prompts that were encoded lately: another seed or another try of the same scene needs no text encoder."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from typing import Any

#: Embeddings of one prompt are a few MiB on the device.
MOST = 32


class Embeddings:
    """The results of a pipeline's `encode_prompt`, the last used ones; equal arguments give the same tensors."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def lend(self, name: str, pipe: Any) -> None:
        """Let this shell of the model `name` ask here before it encodes. Pipelines without prompts stay as they are."""
        own = getattr(pipe, "encode_prompt", None)
        if own is None:
            return
        signature = inspect.signature(own)

        def encode(*args: Any, **kwargs: Any) -> Any:
            given = sorted(signature.bind(*args, **kwargs).arguments.items())
            if any(hasattr(value, "shape") for _, value in given):
                return own(*args, **kwargs)  # it was given embeddings
            key = (name, *((each, str(value)) for each, value in given))
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            made = own(*args, **kwargs)
            self._keep(key, made)
            return made

        pipe.encode_prompt = encode

    def forget(self, name: str) -> None:
        """The model was dropped, or its text encoder has changed."""
        with self._lock:
            self._kept = OrderedDict((key, value) for key, value in self._kept.items() if key[0] != name)

    def _keep(self, key: tuple[Any, ...], made: Any) -> None:
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
