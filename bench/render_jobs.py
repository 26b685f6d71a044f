"""Parts of `bench render`, each in a process of its own, so that memory and CPU are its alone.

`python -m bench.render_jobs JOB FOLDER [NUMBERS]`: `scenes` draws the scenes with those numbers (all by default),
`video` draws all and assembles, `join` assembles, `bare` encodes the finished frames again and nothing else.
Prints JSON: CPU-seconds, wall seconds, peak memory in MB; imports are not counted, since workers live long.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bench.encode import bare_encode
from gpu_consumers.assembly.assemble import SceneClip, assemble
from gpu_consumers.assembly.gates import Expected, failures
from gpu_consumers.gallery.draft import Draft
from gpu_consumers.picture.renderer import ProceduralRenderer
from gpu_consumers.picture.smaller import small_clips
from gpu_consumers.provenance.certificates import development
from gpu_consumers.provenance.manifest import Made, manifest
from gpu_consumers.provenance.sign import signed
from gpu_consumers.scenes.chain import first_good
from gpu_consumers.stages.sounds import Sounds
from gpu_consumers.workshop import Workshop
from infra.kafka.producer import EventProducer
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas import ids


def main() -> None:
    """Do one job, and tell what it took."""
    job, folder = sys.argv[1], Path(sys.argv[2])
    draft: Draft = pickle.loads((folder / "draft.pickle").read_bytes())  # noqa: S301 - written by the bench itself
    numbers = [int(number) for number in sys.argv[3].split(",")] if len(sys.argv) > 3 else range(len(draft.specs))
    began, spent = time.monotonic(), time.process_time()
    cpu = None
    if job in ("scenes", "video"):
        scenes(draft, folder, numbers)
    if job in ("join", "video"):
        join(draft, folder)
    if job == "bare":
        cpu = bare_encode(folder / "video.mp4")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = cpu or time.process_time() - spent
    print(json.dumps({"cpu": cpu, "wall": time.monotonic() - began, "peak_mb": peak}))


def scenes(draft: Draft, folder: Path, numbers: Sequence[int]) -> None:
    """Draw and look at them, as the scene stage does."""
    for number in numbers:
        first_good(ProceduralRenderer(), draft.specs[number], folder / f"scene-{number}.mp4", lambda *_: None)


def join(draft: Draft, folder: Path) -> None:
    """Mix, join, sign and look at it, as the assembly stage does."""
    clips = [
        SceneClip(
            path=folder / f"scene-{number}.mp4", speech=said, words=said.words, title=spec.scene.on_screen_text,
            renditions=small_clips(folder / f"scene-{number}.mp4", spec.size, spec.renditions),
        )
        for number, (spec, said) in enumerate(zip(draft.specs, draft.speech, strict=True))
    ]  # fmt: skip
    spec = draft.specs[0]
    out, seed = folder / "video.mp4", ids.seed(draft.video_id)
    made = assemble(
        clips, title=draft.script.title, mood=draft.script.mood, seed=seed, out=out, fps=spec.fps, shelf=_shelf(folder)
    )
    about = Made(
        video_id=draft.video_id, flavor="bench", asked_at=None, code="bench", archetype="", language="en", scenes=()
    )
    words = manifest(about, title="", version="0", content=hashlib.sha256(made.path.read_bytes()).hexdigest())
    signed(made.path, words, development(folder / "credentials"), folder / "signed.mp4")
    width, height = spec.size
    expected = Expected(width=width, height=height, fps=spec.fps, frames=made.frames)
    wrong = failures(folder / "signed.mp4", expected, made.heard)
    if wrong:
        raise RuntimeError(f"the video did not pass its gates: {wrong}")


def _shelf(folder: Path) -> Sounds:
    """As a worker's: what was mixed once is not mixed again."""
    return Sounds(
        Workshop(
            settings=Settings(data_dir=folder), blobs=LocalBlobStore(folder / "media"),
            index=LocalArtifactIndex(folder / "index"), producer=cast(EventProducer, None), name="bench",
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
