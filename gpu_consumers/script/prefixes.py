"""What the beginning of a prompt leaves in a language model: computed once and kept. Needs the extra `gpu`."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch

#: Bytes that are kept, together. A token is 128 KiB where 32 layers have 8 key-value heads of 128 numbers in bfloat16.
MOST_BYTES = 1 << 30
#: A shorter beginning is not worth a pass of its own.
LEAST_TOKENS = 32


class Prefixes:
    """Key-value caches by the tokens that they hold; the least recently used go first. One thread at a time asks it."""

    def __init__(self, model: Any, most_bytes: int = MOST_BYTES) -> None:
        self._model, self._most = model, most_bytes
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def lent(self, tokens: tuple[int, ...]) -> Any:
        """A copy of what the tokens leave, to be gone on with; None for too few of them.

        It is computed in a pass of its own also where it is not kept, so that an answer has the same bits either way.
        """
        if len(tokens) < LEAST_TOKENS:
            return None
        with torch.inference_mode():
            if tokens not in self._kept:
                self._keep(tokens, self._computed(tokens))
            self._kept.move_to_end(tokens)
            return copy.deepcopy(self._kept[tokens])

    def _computed(self, tokens: tuple[int, ...]) -> Any:
        # Without the head, which would give logits of the whole vocabulary for each token.
        given = torch.tensor([tokens], device=self._model.device)
        return self._model.base_model(input_ids=given, use_cache=True).past_key_values

    def _keep(self, tokens: tuple[int, ...], made: Any) -> None:
        self._kept[tokens] = made
        while len(self._kept) > 1 and sum(map(size, self._kept.values())) > self._most:
            self._kept.popitem(last=False)


def size(cache: Any) -> int:
    """Bytes of a key-value cache."""
    values = (value for layer in cache.layers for value in vars(layer).values())
    return sum(value.nbytes for value in values if isinstance(value, torch.Tensor))


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts begin with alike. Pure."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))
