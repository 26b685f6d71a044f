"""A small registry on loopback that answers as Confluent's Schema Registry does: paths, media type, error codes.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, SchemaError

MEDIA = "application/vnd.schemaregistry.v1+json"
_LEVELS = frozenset({"NONE", "BACKWARD", "FORWARD", "FULL"})


class RefusedError(Exception):
    """An error as the API gives it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error_code": code, "message": message}


@dataclass
class FakeRegistry:
    """What it holds: subjects with their schemas, ids by schema, rules by subject."""

    url: str = ""
    credentials: str = ""
    subjects: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def register(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST /subjects/{subject}/versions: idempotent, one id for each schema, refused where the rule says so."""
        if body.get("schemaType") != "JSON":
            raise RefusedError(422, 42201, "Invalid schema: only JSON here")
        schema = self._parsed(body["schema"])
        versions = self.subjects.setdefault(subject, [])
        if body["schema"] not in versions:
            self._judge(subject, versions, schema)
            versions.append(body["schema"])
        return {"id": self.ids.setdefault(body["schema"], len(self.ids) + 1)}

    def configure(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """PUT /config/{subject}."""
        if body["compatibility"] not in _LEVELS:
            raise RefusedError(422, 42203, "Invalid compatibility level")
        self.rules[subject] = body["compatibility"]
        return body

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            schema: dict[str, Any] = json.loads(text)
            Draft202012Validator.check_schema(schema)
        except (ValueError, SchemaError) as error:
            raise RefusedError(422, 42201, f"Invalid schema: {error}") from error
        return schema

    def _judge(self, subject: str, versions: list[str], schema: dict[str, Any]) -> None:
        """As Confluent's BACKWARD, the default, judges a field added to an open object: it is refused."""
        if not versions or self.rules.get(subject, "BACKWARD") == "NONE":
            return
        if schema["properties"].keys() - json.loads(versions[-1])["properties"].keys():
            raise RefusedError(
                409, 409, f'Schema being registered is incompatible with an earlier schema for subject "{subject}", '
                "details: [PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL]",
            )  # fmt: skip


@contextmanager
def fake_registry(**options: Any) -> Iterator[FakeRegistry]:
    """A registry that answers until the block ends."""
    registry = FakeRegistry(**options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(registry))
    registry.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(registry: FakeRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer("POST")

        def do_PUT(self) -> None:
            self._answer("PUT")

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, method: str) -> None:
            registry.requests.append(f"{method} {self.path}")
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                self._send(200, self._route(method, json.loads(body)))
            except RefusedError as refusal:
                self._send(refusal.status, refusal.body)

        def _route(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
            if registry.credentials and self.headers["authorization"] != _basic(registry.credentials):
                raise RefusedError(401, 40101, "Unauthorized")
            if self.headers["content-type"] != MEDIA:
                raise RefusedError(415, 415, "HTTP 415 Unsupported Media Type")
            match (method, *self.path.strip("/").split("/")):
                case ("POST", "subjects", subject, "versions"):
                    return registry.register(unquote(subject), body)
                case ("PUT", "config", subject):
                    return registry.configure(unquote(subject), body)
            raise RefusedError(404, 404, "HTTP 404 Not Found")

        def _send(self, status: int, content: dict[str, Any]) -> None:
            answer = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", MEDIA)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    return Handler


def _basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()
