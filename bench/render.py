"""Rendering: one 30 s script through this project, through what peers do, and the bare encode of the same frames.

`SWIPESTREAM_BENCH_SECONDS` and `SWIPESTREAM_BENCH_LONG` (30 and 180) make it shorter where the machine is slow; ratios
hold for any length. Peers get the finished scenes as material, and lay the same words and sounds over them.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.peers import composed
from bench.progress import say
from bench.report import Figure
from gpu_consumers.gallery.draft import Draft, draft
from gpu_consumers.picture.cues import cues
from gpu_consumers.picture.typefaces import FOLDER as FONTS
from gpu_consumers.picture.typefaces import Face
from gpu_consumers.stages import wav
from infra.flavors import Flavor, Limits

PROMPT = "4 facts about the deep sea"  # six scenes
SECONDS = float(os.environ.get("SWIPESTREAM_BENCH_SECONDS", "30"))
LONG = float(os.environ.get("SWIPESTREAM_BENCH_LONG", "180"))
#: Scenes of the script that is made on one worker and on two, and how often it is made on both.
SCENES, ROUNDS = 6, 3
Spent = dict[str, Any]


def run() -> Sequence[Figure]:
    """All of it, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        plain = _prepared(folder / "plain", SECONDS, renditions=())
        ours, bare = _job("video", folder / "plain"), _job("bare", folder / "plain")
        full = _prepared(folder / "full", SECONDS)
        with_small = _job("video", folder / "full")
        figures = _against_the_encoder(plain, ours, bare, with_small)
        figures += _in_parts(folder / "full", full, with_small)
        figures += _long(folder / "long")
        _plan(folder / "plain", plain)
        return [*figures, *_against_peers(folder / "plain", ours)]


def _against_the_encoder(made: Draft, ours: Spent, bare: Spent, with_small: Spent) -> list[Figure]:
    length = _seconds(made)
    ratio, speed = ours["cpu"] / bare["cpu"], os.cpu_count() * length / ours["cpu"]  # type: ignore[operator]
    return [
        Figure(name="CPU of a video", value=ratio, unit="x bare encode", aim="<= 1.25", holds=ratio <= 1.25,
               against=f"{ours['cpu']:.1f} CPU-s against {bare['cpu']:.1f} for {length:.1f} s"),
        Figure(name="the same with 540p and preview", value=with_small["cpu"] / bare["cpu"], unit="x bare encode",
               against=f"{with_small['cpu']:.1f} CPU-s"),
        Figure(name="speed on all cores", value=speed, unit="x real time", aim=">= 2", holds=speed >= 2,
               against=f"by CPU time on {os.cpu_count()} cores"),
        Figure(name="peak memory", value=ours["peak_mb"], unit="MB", aim="<= 400", holds=ours["peak_mb"] <= 400,
               against=f"{with_small['peak_mb']:.0f} MB with renditions"),
    ]  # fmt: skip


def _in_parts(folder: Path, made: Draft, whole: Spent) -> list[Figure]:
    """One scene made anew; and a video of six scenes on one worker and on two."""
    again, joined = _job("scenes", folder, "1"), _job("join", folder)
    redo = (again["cpu"] + joined["cpu"]) / whole["cpu"]
    numbers = [n % len(made.specs) for n in range(SCENES)]
    # In turns, since what else the machine does comes and goes; the join is one worker's in both.
    ways = ([numbers], [numbers[::2], numbers[1::2]])
    walls = [[_together(way, folder) + joined["wall"] for way in ways] for _ in range(ROUNDS)]
    one, two = sorted(walls, key=lambda wall: wall[1] / wall[0])[ROUNDS // 2]
    told = ", ".join(f"{wall[1] / wall[0]:.2f}" for wall in walls)
    return [
        Figure(name="one scene made anew", value=redo, unit="x the whole", aim="<= 0.25", holds=redo <= 0.25,
               against=f"one of {len(made.specs)} scenes, and the join ({joined['cpu']:.1f} CPU-s)"),
        Figure(name=f"a video of {SCENES} scenes on two workers", value=two / one, unit="x one worker", aim="<= 0.6",
               holds=two / one <= 0.6, against=f"{two:.1f} s against {one:.1f} s, the median of {told}"),
    ]  # fmt: skip


def _long(folder: Path) -> list[Figure]:
    made = _prepared(folder, LONG)
    spent = _job("video", folder)
    cores = spent["cpu"] / 4
    joined = _job("join", folder)
    # Scenes are independent of one another; the join is not split.
    wall = (spent["cpu"] - joined["cpu"]) / 4 + joined["cpu"]
    length = _seconds(made)
    return [
        Figure(name=f"a video of {length:.0f} s", value=spent["cpu"], unit="CPU-s",
               against=f"{spent['wall']:.0f} s wall on one worker; {cores:.0f} s on four cores at best"),
        Figure(name=f"{length:.0f} s on four cores", value=wall, unit="s", aim="< 60 s for 180 s",
               holds=wall * 180 / length < 60,
               against=f"reckoned: scenes over four, then the join ({joined['cpu']:.1f} s) on one"),
    ]  # fmt: skip


def _against_peers(folder: Path, ours: Spent) -> list[Figure]:
    figures = []
    for kind, name, least in (("single", "moviepy composition", 0.0), ("three", "three encodes", 8.0)):
        say(f"{name}: begins, and takes minutes")
        spent = composed(kind, folder)
        ratio = spent["cpu"] / ours["cpu"]
        aim, holds = (f">= {least:g}", ratio >= least) if least else ("", None)
        told = f"{spent['cpu']:.0f} CPU-s, {spent['peak_mb']:.0f} MB, {spent['wall']:.0f} s"
        figures.append(Figure(name=name, value=ratio, unit="x ours", aim=aim, holds=holds, against=told))
    return figures


def _prepared(folder: Path, seconds: float, **changes: Any) -> Draft:
    """A draft of that length in the folder. A script holds a minute; a longer video repeats its scenes, renumbered."""
    folder.mkdir()
    limits = Limits(max_seconds=60, max_scenes=8)
    made = draft(PROMPT, Flavor(name="bench", limits=limits), seconds=min(60.0, max(15.0, seconds)))
    times = max(1, round(seconds / _seconds(made)))
    specs = [replace(spec, **changes) for spec in made.specs] * times
    ends = range(len(specs))
    specs = [replace(spec, seed=spec.seed + n, first=n == ends[0], last=n == ends[-1]) for n, spec in enumerate(specs)]
    made = replace(made, specs=tuple(specs), speech=made.speech * times)
    (folder / "draft.pickle").write_bytes(pickle.dumps(made))
    return made


def _plan(folder: Path, made: Draft) -> None:
    """What the peers get."""
    captions, sounds, start = [], [], 0.0
    for number, (spec, said) in enumerate(zip(made.specs, made.speech, strict=True)):
        path = folder / f"voice-{number}.wav"
        path.write_bytes(wav.encode(said))
        sounds.append({"path": str(path), "start": start})
        for cue in cues(said.words, spec.duration_ms):
            times = {"start": start + cue.start_ms / 1000, "end": start + cue.end_ms / 1000}
            captions.append(times | {"text": cue.text})
        start += spec.frames / spec.fps
    plan = {
        "clips": [str(folder / f"scene-{number}.mp4") for number in range(len(made.specs))],
        "captions": captions, "sounds": sounds, "size": made.specs[0].size, "font": str(FONTS / Face.BLACK.value),
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))


def _seconds(made: Draft) -> float:
    return sum(spec.frames / spec.fps for spec in made.specs)


def _job(job: str, folder: Path, *words: str) -> Spent:
    done = subprocess.run(_words(job, folder, *words), capture_output=True, text=True, check=False, timeout=3600)
    if done.returncode:
        raise RuntimeError(f"{job} failed: {done.stderr[-800:]}")
    found: Spent = json.loads(done.stdout.splitlines()[-1])
    say(f"{job} {folder.name} {' '.join(words)}: {found['cpu']:.1f} CPU-s, {found['wall']:.1f} s")
    return found


def _together(parts: Sequence[Sequence[int]], folder: Path) -> float:
    """Wall seconds of workers side by side, each with its scenes; until the last is done, without their start."""
    began = time.monotonic()
    workers = [
        subprocess.Popen(_words("scenes", folder, ",".join(map(str, part))), stdout=subprocess.PIPE, text=True)
        for part in parts
    ]
    walls = [json.loads(worker.communicate(timeout=3600)[0].splitlines()[-1])["wall"] for worker in workers]
    wall = min(max(walls), time.monotonic() - began)
    say(f"{sum(map(len, parts))} scenes on {len(parts)} workers: {wall:.1f} s")
    return wall


def _words(job: str, folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "bench.render_jobs", job, str(folder), *words]
