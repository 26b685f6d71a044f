"""Spans on their way to a collector, over OTLP/HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from infra.errors import UnavailableError
from infra.version import code_version
from query_api.spans.span import Span

#: Seconds that a collector has for one batch, tries of the exporter included.
TIMEOUT_S = 10.0


class Collector:
    """Where spans go: `endpoint` is that of a collector, such as `http://localhost:4318`.

    What else the exporter knows (`OTEL_EXPORTER_OTLP_HEADERS`, `…_CERTIFICATE`, `…_COMPRESSION`) it reads from the
    environment itself.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT_S)

    def take(self, spans: Sequence[Span]) -> None:
        """Hand them over. Raises UnavailableError where they are not taken."""
        if spans and self._exporter.export([_readable(span) for span in spans]) is not SpanExportResult.SUCCESS:
            raise UnavailableError(f"no collector takes spans at {self._endpoint}")

    def close(self) -> None:
        """Let its connections go."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


def _readable(span: Span) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace, span.id),
        parent=_context(span.trace, span.parent) if span.parent else None,
        resource=_resource(span.service),
        attributes=span.attributes,
        kind=SpanKind.CONSUMER if span.consumed else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(),
        start_time=_ns(span.start),
        end_time=_ns(span.end),
    )


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@cache
def _resource(service: str) -> Resource:
    return Resource({"service.name": service, "service.namespace": "swipestream", "service.version": code_version()})


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
