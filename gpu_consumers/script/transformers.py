"""A language model on this machine, held to the script's schema while it decodes. Needs the extra `gpu`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.ports import Brief
from gpu_consumers.script import foreign
from gpu_consumers.script.archetypes import choose_for
from gpu_consumers.script.clean import clean
from gpu_consumers.script.drafts import DEFAULT_PROMPT, DraftScript, finished, instructions, parsed
from gpu_consumers.script.mould import longest, mould, within
from schemas.scripts import Script

_REVISION = 2


@dataclass(kw_only=True)
class TransformersWriter:
    """Writes with weights of your own. `model` is a folder, or the name of a repository that is already in the cache.

    Even a model that knows nothing gives a script by the contract: the decoder leaves it no other way.
    """

    model: str
    timeout_s: float = 120.0
    temperature: float = 0.8
    prompt: str = ""
    archetypes: tuple[str, ...] = ()
    name: str = "transformers"

    def fingerprint(self) -> str:
        """Changes with the weights (their files' names, sizes and times), the settings and this code's revision."""
        sent = f"{self.model}|{_weights(self.model)}|{self.temperature}|{self.prompt}|{self.archetypes}"
        return f"transformers-{_REVISION}-{hashlib.sha256(sent.encode()).hexdigest()[:16]}"

    def write(self, brief: Brief) -> Script:
        """Raises `BackendMissingError` without torch or weights, `TransientBackendError` when it takes too long."""
        if find_spec("torch") is None:
            raise BackendMissingError("the writer `transformers` needs the extra `gpu`: pip install 'swipestream[gpu]'")
        from gpu_consumers.script.language_model import Request, loaded

        brief = replace(brief, language=foreign.language(clean(brief.prompt), brief.language))
        shape = choose_for(brief, self.archetypes)
        schema = mould(brief, shape)
        request = Request(
            system=f"{self.prompt or DEFAULT_PROMPT}\n\n{instructions(brief, shape, schema)}",
            user=brief.prompt, schema=schema, seed=brief.seed, most_tokens=longest(brief),
        )  # fmt: skip
        try:
            (text,) = loaded(self.model).complete([request], temperature=self.temperature, timeout_s=self.timeout_s)
        except (RuntimeError, MemoryError) as error:
            raise BackendError(f"the language model failed: {str(error)[:300]}") from error
        return finished(_cut(parsed(text), brief), brief, shape)


def _cut(draft: DraftScript, brief: Brief) -> DraftScript:
    seconds = brief.target_seconds / len(draft.scenes)
    scenes = [
        made.model_copy(update={"narration": within(made.narration, seconds, brief.language)}) for made in draft.scenes
    ]
    return draft.model_copy(update={"scenes": scenes})


def _weights(model: str) -> str:
    folder = Path(model)
    files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    return "|".join(f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in files)
