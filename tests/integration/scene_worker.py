"""One scene, drawn by the real scene stage in a process of its own: `… DATA_DIR LEASE_S [GATE]`.

It says `drawing` when the first frame is there and then waits for the file GATE, and at the end what became of it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from gpu_consumers.stages import scene
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.flavors import Flavor, VoiceSpec
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from infra.telemetry import logs
from schemas import ids
from schemas.envelope import Envelope, root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin
from schemas.videos import SceneRendered, Stage

FLAVOR = Flavor(
    name="default", format="1080x1080", draft=6, fps=10, renditions=(), voices=(VoiceSpec(backend="silent"),)
)
LONGEST_S = 120


def say(words: str) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


class Gate:
    """Hears of progress: says so, and holds the drawing back until it may go on."""

    def __init__(self, gate: Path | None) -> None:
        self._gate, self._held = gate, False

    def send(self, progress: Envelope[Any]) -> None:
        if progress.data.stage is Stage.SCENE and not self._held:
            self._held = True
            say("drawing")
            end = time.monotonic() + LONGEST_S
            while self._gate and not self._gate.exists() and time.monotonic() < end:
                time.sleep(0.02)

    def publish_all(self, *_: object) -> None:
        """Nobody listens."""


def asked() -> Envelope[RenderScene]:
    """The same scene of two videos: equal in all that decides its pixels."""
    video = ids.fresh()
    wanted = Scene(scene_number=1, beat="turn", narration="A cat purrs.", visuals="a cat", duration_s=2)
    task = RenderScene(
        video_id=video, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default", after_us=1, scene=wanted,
        scene_id=ids.scene_id(video, 1, 1), scene_count=2, title="Cats", language="en", seed=5,
    )  # fmt: skip
    return root(task, source="/test")


def main() -> None:
    folder, lease_s, gate = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None
    flavors.get_flavor = lambda *_: FLAVOR  # type: ignore[assignment]
    logs.configure("INFO")
    shop = Workshop(
        settings=Settings(data_dir=folder), blobs=LocalBlobStore(folder / "media"),
        index=LocalArtifactIndex(folder / "artifacts", lease_s), producer=Gate(gate), name="test",  # type: ignore[arg-type]
    )  # fmt: skip
    (made,) = (event.data for event in scene.work(shop, asked()) if isinstance(event.data, SceneRendered))
    say(json.dumps({"reused": made.reused, "clip": made.clip.name, "cpu": made.cost.cpu_seconds}))


if __name__ == "__main__":
    main()
