"""Any language model that answers as OpenAI's does: `POST {url}/chat/completions`, held to a JSON schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gpu_consumers.errors import TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.archetypes import Archetype, choose_for
from gpu_consumers.script.drafts import DEFAULT_PROMPT, DraftScript, finished, instructions, parsed
from gpu_consumers.service import RefusedError, Service
from schemas.scripts import Script

#: Bump when the same request would be asked in other words.
_REVISION = 2


@dataclass(kw_only=True)
class OpenAIWriter:
    """Writes with a language model behind HTTP. What it sends is checked; nothing that is not a script gets through."""

    url: str
    model: str
    api_key_env: str | None = None
    timeout_s: float = 30.0
    temperature: float = 0.8
    stream: bool = False
    prompt: str = ""
    archetypes: tuple[str, ...] = ()
    name: str = "openai"

    def fingerprint(self) -> str:
        """The service's own changes cannot be seen from here; all that is sent to it can."""
        sent = f"{self.url}|{self.model}|{self.temperature}|{self.prompt}|{self.archetypes}"
        return f"openai-chat-{_REVISION}-{hashlib.sha256(sent.encode()).hexdigest()[:16]}"

    def write(self, brief: Brief) -> Script:
        """Raises `TransientBackendError` for what another try may mend: late, broken, not a script, wrong length."""
        shape = choose_for(brief, self.archetypes)
        text = self._ask(self._body(brief, shape))
        return finished(parsed(text), brief, shape)

    def _ask(self, body: dict[str, Any]) -> str:
        try:
            return self._answer(body)
        except RefusedError:
            # Older servers know no JSON schema; the prompt describes it as well.
            return self._answer({**body, "response_format": {"type": "json_object"}})

    def _answer(self, body: dict[str, Any]) -> str:
        service = Service(label="language model", url=self.url, api_key_env=self.api_key_env, timeout_s=self.timeout_s)
        if self.stream:
            return "".join(deltas(service.stream("chat/completions", body)))
        return content(service.post("chat/completions", body))

    def _body(self, brief: Brief, shape: Archetype) -> dict[str, Any]:
        schema = DraftScript.model_json_schema()
        return {
            "model": self.model,
            "messages": [
                {
                    "role": "system",
                    "content": f"{self.prompt or DEFAULT_PROMPT}\n\n{instructions(brief, shape, schema)}",
                },
                {"role": "user", "content": brief.prompt},
            ],
            "temperature": self.temperature,
            "seed": brief.seed % 2**31,
            "stream": self.stream,
            "response_format": {"type": "json_schema", "json_schema": {"name": "script", "schema": schema}},
        }


def content(data: bytes) -> str:
    """The message of a complete answer."""
    try:
        choice = json.loads(data)["choices"][0]
        text, reason = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TransientBackendError("the language model's answer has no message") from error
    if reason == "length":
        raise TransientBackendError("the language model's answer was cut off")
    return str(text or "")


def deltas(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of a streamed answer (server-sent events)."""
    for line in _lines(pieces):
        if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
            continue
        try:
            choices = json.loads(line[5:])["choices"]
            delta = choices[0]["delta"].get("content") if choices else None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise TransientBackendError("the language model's stream is broken") from error
        yield delta or ""


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    yield rest
