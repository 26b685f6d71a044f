"""One scene task done by the real scene stage, in a process of its own that may be killed: `… VIDEO_ID`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gpu_consumers.once import once
from gpu_consumers.stages import scene
from gpu_consumers.worker import workshop
from infra import flavors
from infra.flavors import Flavor, VoiceSpec
from infra.settings import Settings
from schemas import ids
from schemas.envelope import Envelope, root
from schemas.scripts import Scene
from schemas.tasks import RenderScene
from schemas.values import Lane, Origin

FLAVOR = Flavor(
    name="hosted", format="1080x1080", draft=6, fps=10, renditions=(), voices=(VoiceSpec(backend="silent"),),
    scene_backend="hosted",
)  # fmt: skip


def asked(video: str, after_us: int) -> Envelope[RenderScene]:
    """The task of a video's only scene."""
    wanted = Scene(scene_number=1, beat="turn", narration="A cat purrs.", visuals="a cat", duration_s=2)
    task = RenderScene(
        video_id=video, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="hosted", after_us=after_us, scene=wanted,
        scene_id=ids.scene_id(video, 1, 1), scene_count=1, title="Cats", language="en", seed=ids.scene_seed(video, 1),
    )  # fmt: skip
    return root(task, source="/test", event_id=ids.derive(video, "task"))


def do(kafka: str, folder: Path, video: str, after_us: int) -> None:
    """Do it, and publish what it leads to."""
    config = Settings(kafka=kafka, data_dir=folder / "data", model_dirs=(folder / "models",))
    flavors.get_flavor = lambda *_: FLAVOR  # type: ignore[assignment]
    shop, cause = workshop(config, "test"), asked(video, after_us)
    shop.producer.publish_all([(event, None) for event in once(shop, cause, lambda: scene.work(shop, cause))])
    shop.producer.close()


if __name__ == "__main__":
    do(os.environ["SWIPESTREAM_KAFKA"], Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
