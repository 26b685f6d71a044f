"""Trying a model out: load it, make a clip at each of its shapes, and say what that takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpu_consumers.generation.company import Company, measured
from gpu_consumers.generation.device import Device
from gpu_consumers.generation.manifest import GIB, Manifest
from gpu_consumers.generation.renderer import DiffusersRenderer
from gpu_consumers.ports import Progress, SceneSpec
from infra.settings import Settings
from schemas.scripts import Scene, Word
from schemas.values import Format
from schemas.works import RenderWork


@dataclass(frozen=True, slots=True)
class Tried:
    """One clip: what was expected before, and what it took."""

    bucket: str
    expected_s: float
    work: RenderWork
    device_s: float
    cost: float
    memory_gib: float | None  #: at most, on a GPU
    company: tuple[Company, ...] = ()  #: what it gains to make several at once, where the manifest allows that


def warm(manifest: Manifest, device: Device, config: Settings, told: Progress) -> Iterator[Tried]:
    """One clip for each format that has a shape of its own. Raises `BackendError`."""
    import torch

    renderer, seen, gains = DiffusersRenderer(device, manifest, config), set(), list(measured(device, manifest))
    for format_ in Format:
        spec = sample(format_)
        work = renderer.work(spec)
        if (work.width, work.height) in seen:
            continue
        seen.add((work.width, work.height))
        expected = renderer.expected(spec)
        if device.place.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device.place)
        with tempfile.TemporaryDirectory(prefix="warm-") as folder:
            clip = renderer.render(spec, Path(folder) / "clip.mp4", told)
        seconds = clip.details["gpu_seconds"]
        most = torch.cuda.max_memory_allocated(device.place) / GIB if device.place.type == "cuda" else None
        bucket = f"{work.width}x{work.height}x{work.frames}"
        yield Tried(
            bucket,
            expected,
            clip.details["work"],
            seconds,
            seconds * config.price_gpu_second,
            most,
            tuple(one for one in gains if one.bucket == bucket),
        )


def sample(format_: Format = Format.PORTRAIT, seed: int = 1) -> SceneSpec:
    """A scene of 5 s; another seed is another picture, too."""
    narration = f"A small red boat crosses a quiet lake at sunrise, number {seed}."
    scene = Scene(
        scene_number=1, beat="hook", narration=narration, visuals=narration, on_screen_text="", duration_s=5
    )  # fmt: skip
    words = tuple(Word(text=text, start_ms=n * 400, end_ms=n * 400 + 380) for n, text in enumerate(narration.split()))
    return SceneSpec(
        scene=scene, first=True, last=True, title="A try", language="en", look=None, caption_style="karaoke",
        palette=None, words=words, duration_ms=5000, format=format_, fps=30, seed=seed,
    )  # fmt: skip
