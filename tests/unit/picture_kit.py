"""Specs, stages and small clips for the tests of pictures, sound and assembly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gpu_consumers.picture.canvas import Canvas
from gpu_consumers.picture.colour import Rgb
from gpu_consumers.picture.cues import spread
from gpu_consumers.picture.encode import ClipWriter
from gpu_consumers.picture.painter import stage_of
from gpu_consumers.picture.stage import Stage
from gpu_consumers.ports import SceneSpec, Speech
from schemas.scripts import Scene, Word
from schemas.values import Format

GREY, GREEN = Rgb(90, 90, 90), Rgb(70, 110, 60)
NARRATION = "A tiny muscle in the throat opens and closes 25 times a second."


def spec(
    *,
    narration: str = NARRATION,
    heading: str = "25 times a second",
    number: int = 2,
    count: int = 4,
    duration_ms: int = 1000,
    **changes: object,
) -> SceneSpec:
    """A scene that lasts for a second."""
    scene = Scene(
        scene_number=number,
        beat="turn",
        narration=narration,
        visuals="a cat",
        on_screen_text=heading,
        duration_s=duration_ms / 1000,
    )
    made = SceneSpec(
        scene=scene,
        first=number == 1,
        last=number >= count,
        title="Why do cats purr?",
        language="en",
        look=None,
        caption_style="karaoke",
        palette="midnight",
        words=spread(narration, duration_ms),
        duration_ms=duration_ms,
        format=Format.PORTRAIT,
        fps=30,
        seed=7,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def stage(**changes: object) -> Stage:
    """What a look gets for that scene."""
    return stage_of(spec(**changes))  # type: ignore[arg-type]


def plain(canvas: Canvas, colour: Rgb = GREY) -> Canvas:
    """The canvas filled with one colour."""
    canvas.fill(colour)
    return canvas


def small_clip(path: Path, frames: int = 20, fps: int = 30, *, moving: bool = True, colour: Rgb = GREEN) -> Path:
    """A clip of 96 x 160 in which a square moves."""
    canvas = Canvas.blank(96, 160)
    with ClipWriter(path, 96, 160, fps) as writer:
        for frame in range(frames):
            canvas.fill(colour)
            if moving:
                canvas.fill(Rgb(250, 200, 40), 2 * (frame % 31), 40, 30, 30)
            writer.write(canvas)
    return path


def speech(seconds: float = 1.0, *, rate: int = 22_050, loud: float = 0.3) -> Speech:
    """A voice-like noise: syllables of filtered noise, with two words."""
    samples = round(seconds * rate)
    at = np.arange(samples) / rate
    noise = np.convolve(np.random.default_rng(3).standard_normal(samples), np.hanning(24), mode="same")
    wave = noise / np.abs(noise).max() * (0.4 + 0.6 * np.abs(np.sin(at * 12)))
    half = round(seconds * 500)
    words = (Word(text="Hello", start_ms=0, end_ms=half), Word(text="there.", start_ms=half, end_ms=2 * half))
    return Speech(samples=(wave * loud * 32767).astype(np.int16), sample_rate=rate, words=words)
