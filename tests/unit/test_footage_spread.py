"""Footage over scenes: what names a scene is shown there, the rest is spread evenly, nothing is shown twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.footage.spread import spread
from schemas.footage import Footage, FootageKind
from schemas.scripts import Scene, Script
from schemas.values import Artifact


def footage(n: int, scene_number: int | None = None) -> Footage:
    artifact = Artifact(sha256=f"{n:064x}", suffix="jpg", media_type="image/jpeg", size=1)
    return Footage(artifact=artifact, kind=FootageKind.IMAGE, scene_number=scene_number)


def script(scenes: int) -> Script:
    made = tuple(
        Scene(scene_number=n + 1, beat="point", narration="Words.", visuals="a thing", duration_s=3)
        for n in range(scenes)
    )
    return Script(title="T", subject="s", archetype="list", scenes=made)


def shown(made: Script) -> list[int | None]:
    return [int(scene.footage.artifact.sha256, 16) if scene.footage else None for scene in made.scenes]


def test_two_images_are_spread_over_six_scenes() -> None:
    assert shown(spread(script(6), [footage(1), footage(2)])) == [1, None, None, 2, None, None]


def test_what_names_a_scene_is_shown_there_and_the_rest_around_it() -> None:
    assert shown(spread(script(3), [footage(1), footage(2, 1), footage(3, 1)])) == [2, 1, None]


def test_a_script_without_footage_stays_the_same() -> None:
    assert spread(script(2), []) == script(2)


@given(st.integers(1, 20), st.lists(st.none() | st.integers(1, 20), max_size=20))
def test_nothing_is_shown_twice_and_as_much_as_fits_is_shown(scenes: int, wanted: list[int | None]) -> None:
    # given
    given_footage = [footage(n, scene_number) for n, scene_number in enumerate(wanted)]
    # when
    seen = [each for each in shown(spread(script(scenes), given_footage)) if each is not None]
    # then
    named = {scene_number for scene_number in wanted if scene_number is not None and scene_number <= scenes}
    assert len(set(seen)) == len(seen) == len(named) + min(wanted.count(None), scenes - len(named))
