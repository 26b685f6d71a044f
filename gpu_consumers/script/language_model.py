"""A language model on this machine: loaded once in a process, asked for texts that fit a schema. Needs the extra `gpu`.

The seam for batches and for a prefix cache is `LanguageModel.complete`: requests in, texts out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from llguidance.hf import from_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList, StoppingCriteriaList

from gpu_consumers.errors import BackendMissingError, TransientBackendError
from gpu_consumers.script.decoding import Constrained, matcher


@dataclass(frozen=True, kw_only=True)
class Request:
    """One text that is wanted: what the model is told, the schema of its answer, and the seed of its choices."""

    system: str
    user: str
    schema: dict[str, Any]
    seed: int
    most_tokens: int


@dataclass(kw_only=True)
class LanguageModel:
    """Weights and tokenizer in memory. One thread at a time asks it."""

    model: Any
    tokenizer: Any
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._grammar = from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size)

    def complete(self, requests: Sequence[Request], *, temperature: float, timeout_s: float) -> list[str]:
        """A JSON text for each request. Raises `TransientBackendError` when the time is over."""
        with self._turn:
            return [self._complete(request, temperature, time.monotonic() + timeout_s) for request in requests]

    def _complete(self, request: Request, temperature: float, deadline: float) -> str:
        prompt = self._prompt(request)
        constrained = Constrained(
            [matcher(self._grammar, request.schema)], [request.seed],
            prompt=prompt.shape[1], end=self.tokenizer.eos_token_id, temperature=temperature,
        )  # fmt: skip
        with torch.inference_mode():
            tokens = self.model.generate(
                prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=request.most_tokens, do_sample=False,
                eos_token_id=self.tokenizer.eos_token_id, pad_token_id=self.tokenizer.eos_token_id,
                temperature=None, top_p=None, top_k=None,
                logits_processor=LogitsProcessorList([constrained]),
                stopping_criteria=StoppingCriteriaList([_Late(deadline)]),
            )  # fmt: skip
        if time.monotonic() > deadline:
            raise TransientBackendError("the language model took longer than its time")
        return str(self.tokenizer.decode(tokens[0, prompt.shape[1] :], skip_special_tokens=True))

    def _prompt(self, request: Request) -> torch.Tensor:
        """The tokens of the question, in the model's own form of a conversation where it has one."""
        if not self.tokenizer.chat_template:
            return self._tokens(f"{request.system}\n\n{request.user}\n\n")
        said = [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}]
        text = self.tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        return self._tokens(text, add_special_tokens=False)

    def _tokens(self, text: str, **options: Any) -> torch.Tensor:
        ids = self.tokenizer(text, return_tensors="pt", **options)["input_ids"]
        return torch.as_tensor(ids).to(self.model.device)


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
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(name, local_files_only=True, dtype=dtype)
    except (OSError, ValueError) as error:
        what = (
            f"no language model in {name}" if Path(name).is_absolute() else f"the language model {name!r} is not here"
        )
        raise BackendMissingError(f"{what}: {str(error).splitlines()[0][:200]}") from error
    return LanguageModel(model=model.to(device).eval(), tokenizer=tokenizer)
