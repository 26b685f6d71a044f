"""Writers in the flavor's order: a retry each where it may help, then the next."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Brief, ScriptWriter
from gpu_consumers.script.openai import OpenAIWriter
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.script.transformers import TransformersWriter
from infra.flavors import Flavor, Limits, WriterSpec
from schemas.scripts import Script
from schemas.videos import Fallback

#: Seconds before the second try.
BACKOFF_S = 0.5
#: What is aimed at where 15 s are wished. No video is shorter than that, and a script may be a tenth off either way.
SHORTEST_S = 17.0


@dataclass(frozen=True, kw_only=True)
class Written:
    """A script, who wrote it, and why those before were given up."""

    script: Script
    writer: str
    fallbacks: tuple[Fallback, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WriterChain:
    """Writes with the first writer that can, within the flavor's limits."""

    writers: Sequence[ScriptWriter]
    limits: Limits = field(default_factory=Limits)
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    @classmethod
    def of(cls, flavor: Flavor) -> WriterChain:
        """The chain of a flavor."""
        return cls(writers=tuple(writer(spec, flavor) for spec in flavor.writers), limits=flavor.limits)

    def fingerprint(self) -> str:
        """Changes with any writer and any limit."""
        parts = [*(writer.fingerprint() for writer in self.writers), self.limits.model_dump_json()]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    def write(self, brief: Brief) -> Written:
        """Raises `BackendError` with every reason when all writers failed."""
        wanted = min(max(brief.target_seconds, SHORTEST_S), self.limits.max_seconds)
        brief = replace(brief, target_seconds=wanted)
        failed: list[Fallback] = []
        for writer in self.writers:
            try:
                script = self._try(writer, brief)
            except BackendError as error:
                failed.append(Fallback(backend=writer.name, reason=(str(error) or type(error).__name__)[:500]))
                continue
            return Written(
                script=shortened(script, self.limits.max_scenes), writer=writer.name, fallbacks=tuple(failed)
            )
        raise BackendError("no writer could: " + "; ".join(f"{f.backend}: {f.reason}" for f in failed))

    def _try(self, writer: ScriptWriter, brief: Brief) -> Script:
        try:
            return writer.write(brief)
        except TransientBackendError:
            self.sleep(BACKOFF_S)
            return writer.write(brief)


def shortened(script: Script, most: int) -> Script:
    """At most so many scenes: the first ones, and the last, which closes."""
    if len(script.scenes) <= most:
        return script
    kept = [*script.scenes[: most - 1], script.scenes[-1]]
    scenes = tuple(scene.model_copy(update={"scene_number": number}) for number, scene in enumerate(kept, 1))
    return script.model_copy(update={"scenes": scenes})


def writer(spec: WriterSpec, flavor: Flavor) -> ScriptWriter:
    """The writer that a flavor's entry describes."""
    match spec.backend:
        case "templates":
            return TemplateWriter(archetypes=flavor.archetypes)
        case "transformers":
            return TransformersWriter(
                model=spec.model,
                timeout_s=spec.timeout_s,
                temperature=spec.temperature,
                prompt=flavor.script_prompt,
                archetypes=flavor.archetypes,
            )
        case "openai":
            return OpenAIWriter(
                url=spec.url or "",
                model=spec.model,
                api_key_env=spec.api_key_env,
                timeout_s=spec.timeout_s,
                temperature=spec.temperature,
                stream=spec.stream,
                prompt=flavor.script_prompt,
                archetypes=flavor.archetypes,
            )
