"""Chrome: what every scene carries whatever its look: the bar that shows how far the video is."""

from __future__ import annotations

from gpu_consumers.picture.canvas import Canvas, Sprite
from gpu_consumers.picture.colour import WHITE
from gpu_consumers.picture.shapes import even, rounded
from gpu_consumers.picture.stage import Stage


class ProgressBar:
    """One short bar a scene along the top of the safe area; the present one fills while it plays."""

    def __init__(self, stage: Stage) -> None:
        safe, unit = stage.layout.safe, stage.layout.unit
        gap, self._tall = even(10 * unit), even(7 * unit)
        count = max(stage.scene_count, stage.scene.scene_number)
        self._wide = max(4, even((safe.width - gap * (count - 1)) / count) - 2)
        self._spots = [(safe.x + n * (self._wide + gap), safe.y) for n in range(count)]
        self._now, self._frames = stage.scene.scene_number - 1, stage.frames
        mask = rounded(self._wide, self._tall, self._tall / 2)
        self._track, self._full = Sprite.of_mask(mask * 0.34, WHITE), Sprite.of_mask(mask, WHITE)

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Blend the bar of that frame into the canvas."""
        for n, (x, y) in enumerate(self._spots):
            canvas.stamp(self._full if n < self._now else self._track, x, y)
        x, y = self._spots[self._now]
        canvas.fill(WHITE, x, y, even(self._wide * (frame + 1) / self._frames), self._tall)
