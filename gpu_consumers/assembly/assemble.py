"""Assembly of one video from its scenes: mix, join, cover, captions."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_consumers.assembly.cover import write_cover
from gpu_consumers.assembly.join import frames_in, join
from gpu_consumers.assembly.preview import write_preview
from gpu_consumers.assembly.soundtrack import Shelf, soundtrack
from gpu_consumers.assembly.soundtrack import recipe as sound_recipe
from gpu_consumers.assembly.track import Heard
from gpu_consumers.assembly.webvtt import chapters, webvtt
from gpu_consumers.errors import BackendError
from gpu_consumers.ports import SmallClip, Speech
from gpu_consumers.sound.mix import Line
from gpu_consumers.sound.synth import RATE, Stereo
from schemas.scripts import Word

#: Part of what an assembled video is cached under: raise it when equal parts give another file.
REVISION = 5


@dataclass(frozen=True, kw_only=True)
class SceneClip:
    """A rendered scene and what is heard in it."""

    path: Path
    speech: Speech | None  #: None: nobody speaks; the scene still has its captions
    words: tuple[Word, ...]  #: what the captions say; times in ms within the scene
    title: str = ""  #: of its chapter
    renditions: tuple[SmallClip, ...] = ()  #: the same, smaller; a size that every scene has is joined too


@dataclass(frozen=True, kw_only=True)
class AssembledVideo:
    """The files of a finished video, and its figures."""

    path: Path  #: MP4, faststart
    cover: Path  #: JPEG of the first frame
    captions: Path  #: WebVTT
    chapters: Path  #: WebVTT, a chapter for each scene
    preview: Path  #: MP4 of the first seconds, silent
    renditions: tuple[SmallClip, ...]  #: the whole video, smaller, with its sound
    frames: int
    duration_ms: int  #: of the picture; the sound is exactly as long
    heard: Heard  #: of the AAC, decoded again


def assemble(
    clips: Sequence[SceneClip],
    *,
    title: str,
    mood: str,
    seed: int,
    out: Path,
    fps: int = 30,
    music: Stereo | None = None,
    comment: str = "",
    shelf: Shelf | None = None,
) -> AssembledVideo:
    """Join the clips to `out`; cover, captions, chapters, preview and renditions are written beside it.

    `music` is (n, 2) float32 at 48 kHz in place of the bed of that mood; it is repeated or cut to the video's length.
    A sound that is on the `shelf` is not mixed again. Equal arguments give equal bytes. Raises `BackendError`.
    """
    if not clips:
        raise BackendError("a video needs at least one scene")
    frames = [frames_in(clip.path) for clip in clips]
    samples = round(sum(frames) * RATE / fps)
    starts = [round(sum(frames[:n]) * 1000 / fps) for n in range(len(clips))]
    lines = [Line(clip.speech, start) for clip, start in zip(clips, starts, strict=True) if clip.speech is not None]
    sound = soundtrack(lines, samples, mood=mood, seed=seed, music=music, shelf=shelf)
    metadata = {"title": title} | ({"comment": comment} if comment else {})
    titles = [clip.title or f"{n + 1}" for n, clip in enumerate(clips)]

    def joined(paths: Sequence[Path], to: Path) -> None:
        join(paths, frames, fps, io.BytesIO(sound.data), to, metadata=metadata, chapters=titles)

    joined([clip.path for clip in clips], out)
    renditions = tuple(_rendition(clips, size, out, joined) for size in _shared(clips))
    cover, captions, marks = out.with_suffix(".jpg"), out.with_suffix(".vtt"), out.with_suffix(".chapters.vtt")
    preview = out.with_suffix(".preview.mp4")
    write_cover(out, cover)
    write_preview(renditions[0].path if renditions else out, preview)
    lengths = [round(count * 1000 / fps) for count in frames]
    words = [clip.words for clip in clips]
    captions.write_text(webvtt(zip(starts, lengths, words, strict=True)), encoding="utf-8")
    marks.write_text(chapters(zip(starts, lengths, titles, strict=True)), encoding="utf-8")
    return AssembledVideo(
        path=out,
        cover=cover,
        captions=captions,
        chapters=marks,
        preview=preview,
        renditions=renditions,
        frames=sum(frames),
        duration_ms=round(sum(frames) * 1000 / fps),
        heard=sound.heard,
    )


def fingerprint() -> str:
    """Whatever changes an assembled video apart from its parts: this revision, and the sound's."""
    return f"assembly-{REVISION} {sound_recipe()}"


def _shared(clips: Sequence[SceneClip]) -> list[tuple[int, int]]:
    """(width, height) of the renditions that every clip has, the largest first."""
    each = [{(small.width, small.height) for small in clip.renditions} for clip in clips]
    return sorted(set.intersection(*each), reverse=True)


def _rendition(
    clips: Sequence[SceneClip], size: tuple[int, int], out: Path, joined: Callable[[Sequence[Path], Path], None]
) -> SmallClip:
    paths = [small.path for clip in clips for small in clip.renditions if (small.width, small.height) == size]
    to = out.with_suffix(f".{min(size)}.mp4")
    joined(paths, to)
    return SmallClip(path=to, width=size[0], height=size[1])
