"""From the events of a project to its story, and to its creator's list."""

from __future__ import annotations

from query_api.readmodel.tables import Value, Write, row
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.projects import ProjectClosed, ProjectEdited, ProjectEvent, ProjectOpened, ScriptDrafted

#: Stamps fall from here: of two events with the same version, the first in the log is to win.
FIRST = 2**62


def stored(envelope: Envelope[Message], record: str, offset: int) -> list[Write]:
    """The rows of an event of a project; none for anything else."""
    data = envelope.data
    if not isinstance(data, ProjectEvent):
        return []
    cells: dict[str, Value | None] = {
        "project_id": data.project_id,
        "version": data.version,
        "event_id": envelope.id,
        "type": envelope.type,
        "owner": data.viewer_id,
        "ts_us": data.ts_us,
        "payload": data.model_dump_json(exclude_none=True),
        "record": record,
    }
    return [row("project_events", cells, FIRST - offset), _listed(data)]


def _listed(data: ProjectEvent) -> Write:
    cells: dict[str, Value | None] = {
        "owner": data.viewer_id,
        "project_id": data.project_id,
        "changed_us": data.ts_us,
    }
    if isinstance(data, ProjectOpened):
        cells |= {"opened_us": data.ts_us, "text": data.idea.text, "title": data.script.title if data.script else None}
    elif isinstance(data, ScriptDrafted):
        cells["title"] = data.script.title
    elif isinstance(data, ProjectEdited):
        cells["title"] = data.title
    elif isinstance(data, ProjectClosed):
        cells["closed_us"] = data.ts_us
    return row("projects_by_owner", cells, data.ts_us)
