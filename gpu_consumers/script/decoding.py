"""Decoding that can only end in what a grammar allows: a logits processor for transformers. Needs the extra `gpu`.

The grammar is llguidance's: it knows each tokenizer's bytes, and answers for a whole vocabulary in well under a
millisecond. Rows of a batch may have grammars and seeds of their own; a row that has ended only ends again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer

from gpu_consumers.errors import TransientBackendError


def matcher(tokenizer: LLTokenizer, schema: dict[str, Any]) -> LLMatcher:
    """What follows the grammar of one answer, token by token."""
    overrides = {"whitespace_flexible": False}
    grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=overrides)
    return LLMatcher(tokenizer, grammar)


class Constrained:
    """Masks what the grammars do not allow, and samples by adding Gumbel noise: the largest logit is then the sample.

    `prompt` is the number of tokens before the answer; `temperature` 0 takes the likeliest. The noise comes from each
    row's own generator, so an answer depends on its seed alone, not on its neighbours or on other threads.
    """

    def __init__(
        self, matchers: Sequence[LLMatcher], seeds: Sequence[int], *, prompt: int, end: int, temperature: float
    ) -> None:
        self._matchers, self._prompt, self._end, self._temperature = matchers, prompt, end, temperature
        self._noise = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Logits of shape (rows, vocabulary), as transformers asks for them."""
        rows = [self._row(row, tokens[row], logits[row]) for row in range(len(self._matchers))]
        return torch.stack(rows).to(logits.device)

    def _row(self, row: int, tokens: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        matcher = self._matchers[row]
        if len(tokens) > self._prompt and not matcher.is_stopped():
            matcher.consume_token(int(tokens[-1]))
        if matcher.is_error():
            raise TransientBackendError(f"the constrained decoder failed: {matcher.get_error()}")
        scores = logits.detach().to("cpu", torch.float32).clone()
        scores[~self._allowed(matcher, len(scores))] = -torch.inf
        return self._sampled(row, scores)

    def _allowed(self, matcher: LLMatcher, size: int) -> torch.Tensor:
        allowed = np.zeros(size, np.bool_)
        if matcher.is_stopped():
            allowed[self._end] = True
            return torch.from_numpy(allowed)
        bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")[:size]
        allowed[: len(bits)] = bits
        return torch.from_numpy(allowed)

    def _sampled(self, row: int, scores: torch.Tensor) -> torch.Tensor:
        if self._temperature <= 0:
            return scores
        uniform = torch.rand(len(scores), generator=self._noise[row]).clamp_(1e-20, 1 - 1e-7)
        return scores / self._temperature - torch.log(-torch.log(uniform))
