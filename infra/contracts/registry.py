"""A client for any registry that speaks Confluent's Schema Registry API, version 1 (Confluent, Apicurio, Karapace).

https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from infra.contracts.errors import RegistryRefusedError, RegistryUnreachableError
from schemas.base import REGISTRY, Message
from schemas.documents.catalogue import Registry, newest, topics_of
from schemas.documents.json_schema import document, text

#: Bad gateway, service unavailable, gateway timeout.
_AWAY = (502, 503, 504)
_MEDIA = "application/vnd.schemaregistry.v1+json"
_OWN_RULES = (
    "The registry has rules of its own, which know no optional fields in open objects, or not this JSON Schema. "
    "`--compatibility NONE` leaves the judgement to `swipestream contracts check`."
)
#: What to do about a status, or about one of the API's own error codes.
_HINTS = {
    401: "Put a name and a password into the address: https://name:password@host/.",
    403: "These credentials may not write subjects.",
    404: "Is this the address of the Confluent-compatible API? Apicurio's ends in /apis/ccompat/v7.",
    409: _OWN_RULES,
    422: "The registry cannot read this schema: does it support JSON Schema 2020-12?",
    500: _OWN_RULES,  # Apicurio's answer when its rules meet JSON Schema 2020-12
    42203: "Levels are NONE, BACKWARD, FORWARD and FULL, and each but NONE with _TRANSITIVE.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A schema that the registry holds under a subject."""

    subject: str
    id: int


class SchemaRegistry:
    """Registers schemas under `<topic>-<Type>`. Raises RegistryUnreachableError and RegistryRefusedError."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._shown = httpx.URL(url).copy_with(username=None, password=None)
        self._http = httpx.Client(base_url=url, timeout=timeout, headers={"accept": _MEDIA}, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def register(self, model: type[Message], compatibility: str | None = None) -> list[Registered]:
        """Register the schema of a message for each of its topics; registering it again changes nothing."""
        return [self._register(subject, text(document(model)), compatibility) for subject in subjects(model)]

    def _register(self, subject: str, schema: str, compatibility: str | None) -> Registered:
        place = quote(subject, safe="")
        if compatibility:
            self._call("PUT", f"config/{place}", subject, {"compatibility": compatibility})
        answer = self._call("POST", f"subjects/{place}/versions", subject, {"schemaType": "JSON", "schema": schema})
        return Registered(subject=subject, id=int(answer["id"]))

    def _call(self, method: str, path: str, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body, headers={"content-type": _MEDIA})
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise RegistryUnreachableError(f"The registry at {self._shown} does not answer: {why}") from error
        if answer.is_error:
            raise _refusal(subject, answer)
        return _object(subject, answer)


def register_all(url: str, compatibility: str | None, registry: Registry = REGISTRY) -> list[Registered]:
    """Register the newest version of every message."""
    with SchemaRegistry(url) as target:
        return [done for model in newest(registry) for done in target.register(model, compatibility)]


def subjects(model: type[Message]) -> list[str]:
    """`<topic>-<Type>` for each topic of a message: the strategy that Confluent calls TopicRecordName."""
    return [f"{topic.name}-{model.TYPE}" for topic in topics_of(model.FAMILY)]


def _refusal(subject: str, answer: httpx.Response) -> Exception:
    status = answer.status_code
    try:
        told = answer.json()
        code, reason = told["error_code"], told["message"]
    except (ValueError, KeyError, TypeError):
        code, reason = status, answer.reason_phrase or "no reason given"
    kind = RegistryUnreachableError if status in _AWAY else RegistryRefusedError
    return kind(f"{subject}: the registry answered {status}: {reason}", hint=_HINTS.get(code, _HINTS.get(status)))


def _object(subject: str, answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RegistryRefusedError(f"{subject}: the answer is not that of a schema registry.", hint=_HINTS[404])
    return found
