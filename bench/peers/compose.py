"""The same video as peers compose it, in the environment of `requirements.txt`.

`compose.py single FOLDER`: one moviepy composition of clips, captions, voice and music, as short-video-maker's and
ShortGPT's editors do. `compose.py three FOLDER`: as MoneyPrinterTurbo does: each clip is written, the clips are joined
and written, captions and sound are laid over and written once more. FOLDER holds `plan.json` (clips, words, sounds).
Prints JSON: CPU-seconds (of FFmpeg too), wall seconds, peak memory in MB.
"""

import json
import resource
import sys
import time
from pathlib import Path

from moviepy import (
    AudioFileClip,
    CompositeAudioClip,
    CompositeVideoClip,
    TextClip,
    VideoFileClip,
    concatenate_videoclips,
)

WRITE = {"fps": 30, "codec": "libx264", "audio_codec": "aac", "threads": 2, "logger": None}


def main() -> None:
    """Compose, and tell what it took."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    plan = json.loads((folder / "plan.json").read_text())
    began, spent = time.monotonic(), cpu()
    {"single": single, "three": three}[kind](folder, plan)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(json.dumps({"cpu": cpu() - spent, "wall": time.monotonic() - began, "peak_mb": peak}))


def cpu() -> float:
    """CPU-seconds of this process and of the FFmpegs that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def single(folder: Path, plan: dict) -> None:
    """One pass."""
    whole = concatenate_videoclips([VideoFileClip(path) for path in plan["clips"]])
    finished(whole, plan).write_videofile(str(folder / "single.mp4"), **WRITE)


def three(folder: Path, plan: dict) -> None:
    """Three passes."""
    parts = []
    for number, path in enumerate(plan["clips"]):
        part = folder / f"part-{number}.mp4"
        VideoFileClip(path).without_audio().resized(tuple(plan["size"])).write_videofile(str(part), **WRITE)
        parts.append(str(part))
    joined = folder / "joined.mp4"
    concatenate_videoclips([VideoFileClip(path) for path in parts]).write_videofile(str(joined), **WRITE)
    finished(VideoFileClip(str(joined)), plan).write_videofile(str(folder / "three.mp4"), **WRITE)


def finished(video: VideoFileClip, plan: dict) -> CompositeVideoClip:
    """With captions and sound."""
    captions = [
        TextClip(
            font=plan["font"], text=each["text"], font_size=90, color="white", stroke_color="black", stroke_width=6
        )
        .with_start(each["start"])
        .with_duration(max(0.05, min(each["end"], video.duration) - each["start"]))
        .with_position(("center", 0.66), relative=True)
        for each in plan["captions"]
        if each["start"] < video.duration
    ]
    sounds = [AudioFileClip(each["path"]).with_start(each["start"]) for each in plan["sounds"]]
    sound = CompositeAudioClip(sounds).with_duration(video.duration)
    return CompositeVideoClip([video, *captions]).with_audio(sound)


if __name__ == "__main__":
    main()
