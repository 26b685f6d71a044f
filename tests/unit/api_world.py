"""An installation with something of everything: whoever tests every address of the API needs objects to ask for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from query_api.projections.project import Place, project
from schemas import ids
from schemas.base import now_us
from schemas.envelope import root
from schemas.projects import ProjectApproved
from tests.unit.read_kit import Api, apply, blob, life, published, script

SCRIPT = script(3).model_dump(mode="json", exclude_none=True)


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 24), (90, 90, 90)).save(file, "JPEG")
    return file.getvalue()


class World:
    """Anna has a video that is not published, a project with a script, and an upload; others have tokens alone."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.api = Api(folder, auth="required", **settings)
        self._issuer = TokenIssuer(root_key(self.api.parts.settings))
        self.anna, self.bob = self.token("anna"), self.token("bob")
        self.operator = self.token("op", Scope.OPERATOR)
        self.objects: dict[str, str] = {}

    def token(self, name: str, scope: Scope = Scope.CREATOR) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._issuer.issue(name, [scope], 3600)}"}

    async def fill(self) -> World:
        api, start = self.api, now_us() - 10_000
        shown = ids.video_id("shown")
        apply(api.store, [published(shown, start)])
        mine = (await api.post("/v1/prompts", json={"text": "mine"}, headers=self.anna)).json()["video_id"]
        apply(api.store, [api.publisher.sent[-1], *life(mine, start + 100, end="none")[1:]])
        body = {"text": "mine", "script": SCRIPT}
        own = (await api.post("/v1/projects", json=body, headers=self.anna)).json()["project_id"]
        upload = (await api.post("/v1/uploads", content=picture(), headers=self.anna)).json()
        self.objects = {
            "project_id": own, "upload_id": upload["upload_id"], "number": "1", "revision": "1",
            "name": blob("mp4").name,
        }  # fmt: skip
        self.mine, self.shown = mine, shown
        return self

    def approve(self) -> None:
        """The project may be rendered."""
        event = ProjectApproved(project_id=self.objects["project_id"], version=2, viewer_id="anna", ts_us=now_us())
        self.api.store.write(project(root(event, source="/test"), Place("project-events", 0, 10**6)))

    def finish(self) -> None:
        """The first revision of its video is there."""
        apply(self.api.store, [published(ids.project_video(self.objects["project_id"]), now_us())])

    def path(self, template: str, video: str) -> str:
        """The address of anna's objects."""
        return template.format(**self.objects, video_id=video, id=video)
