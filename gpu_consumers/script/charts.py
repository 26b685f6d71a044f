"""Charts: the scenes that tell rows of figures get them to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from gpu_consumers.script.clean import clean
from gpu_consumers.script.series import YEAR, Row, series
from schemas.charts import LARGEST, Chart, ChartKind, ChartValue
from schemas.scripts import Scene

#: From this many moments on they are a line; and how many of either are readable on a phone.
_FEWEST_OF_LINE, _MOST = 4, {ChartKind.BARS: 8, ChartKind.LINE: 12}
#: The shortest that a name of a month or day is cut.
_LETTERS = 3
_CALENDARS = (
    "january february march april may june july august september october november december".split(),
    "monday tuesday wednesday thursday friday saturday sunday".split(),
)


def charted(scenes: Sequence[Scene], prompt: str, heading: str) -> tuple[Scene, ...]:
    """The scenes; those that tell figures of the prompt with a chart of them, under the heading."""
    found = list(scenes)
    for rows in series(clean(prompt)):
        kind = _kind(rows)
        if len(rows) <= _MOST[kind] and max(abs(row.value) for row in rows) <= LARGEST:
            found = _shown(found, rows, kind, heading)
    return tuple(found)


def _told(row: Row, narration: str) -> bool:
    """Whether a narration says what the figure is of, and then the figure."""
    said = rf"(?<!\w){re.escape(row.label)}(?!\w)[^.;]*?(?<![\w.]){re.escape(row.text)}"
    return re.search(said, narration, re.IGNORECASE) is not None


def _shown(scenes: Sequence[Scene], rows: Sequence[Row], kind: ChartKind, heading: str) -> list[Scene]:
    values = tuple(ChartValue(label=row.label, text=row.text, value=float(row.value)) for row in rows)
    found, told = [], 0
    for scene in scenes:
        telling = sum(_told(row, scene.narration) for row in rows)
        if telling and scene.chart is None:
            text = scene.on_screen_text if " times " in scene.on_screen_text else heading[:120]
            chart = Chart(kind=kind, values=values, told=told)
            scene = scene.model_copy(update={"chart": chart, "on_screen_text": text})
            told = min(told + telling, len(rows))
        found.append(scene)
    return found


def _kind(rows: Sequence[Row]) -> ChartKind:
    """A line for four moments or more that follow one another: years, months or days of the week."""
    places = [_place(row.label) for row in rows]
    rising = all(a and b and a[0] == b[0] and a[1] < b[1] for a, b in pairwise(places))
    return ChartKind.LINE if rising and len(rows) >= _FEWEST_OF_LINE else ChartKind.BARS


def _place(label: str) -> tuple[int, int] | None:
    """Which calendar a label is of (0: that of years), and its place in it. Names may be cut short."""
    if YEAR.match(label):
        return 0, int(label)
    start = label.lower().rstrip(".")
    found = (
        (number, place)
        for number, names in enumerate(_CALENDARS, 1)
        for place, name in enumerate(names)
        if len(start) >= _LETTERS and name.startswith(start)
    )
    return next(found, None)
