"""A language model on this machine: loaded once in a process, asked for texts that fit a schema. Needs the extra `gpu`.

What all prompts of a flavor begin with is computed once (`prefixes.py`). Threads that ask while others are served form
a batch, as far as their prompts begin alike: bits of an answer then depend on its company, as they do in any batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from llguidance.hf import from_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList, StoppingCriteriaList

from gpu_consumers.errors import BackendMissingError, TransientBackendError
from gpu_consumers.placement import placed
from gpu_consumers.script.decoding import Constrained, matcher
from gpu_consumers.script.prefixes import Prefixes, common
from infra.settings import settings

#: Answers that are decoded at once, at most.
BATCH = 8


@dataclass(frozen=True, kw_only=True)
class Request:
    """One text that is wanted: what the model is told, the schema of its answer, and the seed of its choices."""

    system: str
    user: str
    schema: dict[str, Any]
    seed: int
    most_tokens: int


@dataclass(frozen=True, eq=False, slots=True)
class _Asked:
    """A request that waits. Only those of one `kind` are decoded together."""

    request: Request
    kind: tuple[tuple[int, ...], int, float, float]  #: prefix, most tokens, temperature, time
    rest: tuple[int, ...]  #: the prompt's tokens after the prefix
    answer: Future[str] = field(default_factory=Future)


@dataclass(kw_only=True)
class LanguageModel:
    """Weights and tokenizer in memory. Any number of threads may ask; one at a time is at work."""

    model: Any
    tokenizer: Any
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._grammar = from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size)
        self._prefixes = Prefixes(self.model)

    def complete(self, requests: Sequence[Request], *, temperature: float, timeout_s: float) -> list[str]:
        """A JSON text for each request. Raises `TransientBackendError` when the time of its decoding is over."""
        asked = [self._asked(request, temperature, timeout_s) for request in requests]
        self._waiting.extend(asked)
        for one in asked:
            with self._turn:
                if not one.answer.done():  # it was not in the batch of another
                    self._serve(one)
        return [one.answer.result() for one in asked]

    def _asked(self, request: Request, temperature: float, timeout_s: float) -> _Asked:
        tokens = self._prompt(request)
        # What does not depend on the user's words; never all of it, for something must be left to go on from.
        fixed = min(common(tokens, self._prompt(replace(request, user=""))), len(tokens) - 1)
        return _Asked(request, (tokens[:fixed], request.most_tokens, temperature, timeout_s), tokens[fixed:])

    def _serve(self, first: _Asked) -> None:
        """Decode it, with others that wait and begin alike."""
        alike = [one for one in tuple(self._waiting) if one is not first and one.kind == first.kind]
        batch = [first, *alike[: BATCH - 1]]
        for one in batch:
            self._waiting.remove(one)
        try:
            with torch.inference_mode():
                texts = self._decoded(batch)
            for one, text in zip(batch, texts, strict=True):
                one.answer.set_result(text)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for the answer
            for one in batch:
                one.answer.set_exception(error)

    def _decoded(self, batch: Sequence[_Asked]) -> list[str]:
        prefix, most_tokens, temperature, timeout_s = batch[0].kind
        deadline = time.monotonic() + timeout_s
        prompt, mask = self._rows(prefix, [one.rest for one in batch])
        constrained = Constrained(
            [matcher(self._grammar, one.request.schema) for one in batch], [one.request.seed for one in batch],
            prompt=prompt.shape[1], end=self.tokenizer.eos_token_id, temperature=temperature,
        )  # fmt: skip
        known = self._prefixes.lent(prefix)
        if known is not None and len(batch) > 1:
            known.batch_repeat_interleave(len(batch))
        tokens = self.model.generate(
            prompt, attention_mask=mask, past_key_values=known, max_new_tokens=most_tokens, do_sample=False,
            eos_token_id=self.tokenizer.eos_token_id, pad_token_id=self.tokenizer.eos_token_id,
            temperature=None, top_p=None, top_k=None,
            logits_processor=LogitsProcessorList([constrained]),
            stopping_criteria=StoppingCriteriaList([_Late(deadline)]),
        )  # fmt: skip
        if time.monotonic() > deadline:
            raise TransientBackendError("the language model took longer than its time")
        return [str(self.tokenizer.decode(row[prompt.shape[1] :], skip_special_tokens=True)) for row in tokens]

    def _rows(self, prefix: tuple[int, ...], rests: Sequence[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Prompts as rows of one length, and what of them counts: those that are shorter are filled up in between."""
        longest, blank = max(map(len, rests)), self.tokenizer.eos_token_id
        gaps = [longest - len(rest) for rest in rests]
        rows = [[*prefix, *[blank] * gap, *rest] for gap, rest in zip(gaps, rests, strict=True)]
        marks = [[1] * len(prefix) + [0] * gap + [1] * len(rest) for gap, rest in zip(gaps, rests, strict=True)]
        return torch.tensor(rows, device=self.model.device), torch.tensor(marks, device=self.model.device)

    def _prompt(self, request: Request) -> tuple[int, ...]:
        """The tokens of the question, in the model's own form of a conversation where it has one."""
        if not self.tokenizer.chat_template:
            return tuple(self.tokenizer(f"{request.system}\n\n{request.user}\n\n")["input_ids"])
        said = [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}]
        text = self.tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])


class _Late:
    """Stops all rows when the time is over."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, tokens: torch.Tensor, _scores: Any, **_: Any) -> torch.Tensor:
        over = time.monotonic() > self._deadline
        return torch.full((tokens.shape[0],), over, dtype=torch.bool, device=tokens.device)


@lru_cache(maxsize=1)
def loaded(name: str) -> LanguageModel:
    """The model of a folder, or of a repository that was downloaded before. Nothing is ever downloaded here."""
    place = placed(settings().device)
    dtype = torch.bfloat16 if place.type == "cuda" else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(name, local_files_only=True, dtype=dtype)
    except (OSError, ValueError) as error:
        what = (
            f"no language model in {name}" if Path(name).is_absolute() else f"the language model {name!r} is not here"
        )
        raise BackendMissingError(f"{what}: {str(error).splitlines()[0][:200]}") from error
    return LanguageModel(model=model.to(place).eval(), tokenizer=tokenizer)
