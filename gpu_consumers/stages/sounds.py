"""Sounds of whole videos in the media store: a scene that is drawn differently leaves them as they are."""

from __future__ import annotations

from pydantic import BaseModel

from gpu_consumers.assembly.track import Heard, Track
from gpu_consumers.sound.loudness import Loudness
from gpu_consumers.workshop import Workshop
from infra.errors import NotFoundError
from schemas.values import Artifact


class KeptSound(BaseModel):
    """What the index keeps of a sound."""

    audio: Artifact
    integrated: float
    true_peak: float
    quiet_ms: int


class Sounds:
    """A shelf of a workshop. What the store no longer has is mixed again."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def get(self, key: str) -> Track | None:
        """The sound, while its time is not over and the store has it."""
        kept = self._shop.remembered(key, KeptSound)
        if kept is None:
            return None
        try:
            data = self._shop.blobs.path(kept.audio.name).read_bytes()
        except (NotFoundError, OSError):  # swept away meanwhile
            return None
        return Track(data, Heard(Loudness(kept.integrated, kept.true_peak), kept.quiet_ms))

    def put(self, key: str, made: Track) -> None:
        """Keep it as long as videos are kept."""
        loud = made.heard.loudness
        kept = KeptSound(
            audio=self._shop.blobs.put_bytes(made.data, "m4a"),
            integrated=loud.integrated,
            true_peak=loud.true_peak,
            quiet_ms=made.heard.quiet_ms,
        )
        self._shop.remember(key, kept)
