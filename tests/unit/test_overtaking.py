"""Revisions that are asked for in place of others: what is dropped, what goes on, and what is shown by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processors import videos
from processors.works import works
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope
from schemas.feeds import Outcome, PrefetchSettled
from schemas.takes import Regeneration, SceneTake, Style, Take
from schemas.tasks import RenderScene
from schemas.values import Origin
from schemas.videos import RevisionDropped, RevisionPromoted, VideoWithdrawn
from tests.unit.read_kit import published
from tests.unit.test_processors import NOW, VIDEO, fold, rendered, script, scripted

INK = SceneTake(scene_number=2, styles=(Style(name="ink", weight=0.5),))


def asked(revision: int, regeneration: Regeneration | None = None, **changes: Any) -> Envelope[Message]:
    made = regeneration or Regeneration(base_revision=revision - 1 or 1, instead=True)
    return scripted(revision=revision, ts_us=NOW + 100 * revision, regeneration=made, **changes)


def instead(**changes: Any) -> Regeneration:
    return Regeneration(base_revision=1, instead=True, **changes)


def told(kind: type[Any], effects: list[Envelope[Message]]) -> list[Any]:
    return [effect.data for effect in effects if isinstance(effect.data, kind)]


def shown(revision: int) -> Envelope[Message]:
    return published(VIDEO, NOW + 1000 * revision, revision=revision)


def test_what_is_still_being_made_is_dropped_and_unchanged_scenes_go_on() -> None:
    # given a first revision with one scene of three, then the same with another style for the second
    state, effects = fold([asked(1), rendered(1), asked(2, instead(scenes=(INK,)))])
    # then the first is dropped: its first and third scenes are those of the second revision, too
    (drop,) = told(RevisionDropped, effects)
    assert (drop.revision, drop.overtaken_by, drop.needed, drop.by) == (1, 2, (1, 3), "revisions")
    assert drop.why == "Revision 2 was asked for in its place." and drop.ts_us > NOW + 200
    # and the tasks of the second say what is different
    tasks = [task for task in told(RenderScene, effects) if task.revision == 2]
    assert [task.styles for task in tasks] == [None, INK.styles, None]
    # and nothing is left of the first: a scene that is late completes nothing
    assert list(works(state).works) == [2]
    assert not videos.decide(rendered(2), state, NOW).effects


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [
        (Take(), (1, 2, 3)),
        (Take(guidance=7.5), ()),
        (Take(seed=9), ()),
        (Take(voice="ann"), ()),
        (Take(model="wan"), ()),
        (Take(flavor="loud"), ()),
    ],
)
def test_whatever_decides_how_a_scene_looks_or_sounds_makes_it_another(changed: Take, goes_on: tuple[int, ...]) -> None:
    (drop,) = told(RevisionDropped, fold([asked(1), asked(2, instead(take=changed))])[1])
    assert drop.needed == goes_on


def test_a_scene_that_moved_goes_on_unless_it_is_now_at_an_end() -> None:
    one, two, three, four = script(4).scenes
    moved = script(4).model_copy(update={
        "scenes": (
            one, three.model_copy(update={"scene_number": 2, "first_number": 3}),
            two.model_copy(update={"scene_number": 3, "first_number": 2}), four,
        )
    })  # fmt: skip
    shorter = script(4).model_copy(update={"scenes": (one, two, three)})
    for later, goes_on in ((moved, (1, 2, 3, 4)), (shorter, (1, 2))):
        (drop,) = told(RevisionDropped, fold([asked(1, script=script(4)), asked(2, script=later)])[1])
        assert drop.needed == goes_on
    other = script(3).model_copy(update={"title": "Dogs"})
    (drop,) = told(RevisionDropped, fold([asked(1), asked(2, script=other)])[1])
    assert drop.needed == ()


def test_a_revision_that_is_only_another_one_drops_nothing() -> None:
    state, effects = fold([asked(1), asked(2, Regeneration(base_revision=1))])
    assert not told(RevisionDropped, effects) and list(works(state).works) == [1, 2]


def test_what_takes_the_place_of_a_first_revision_is_shown_by_itself() -> None:
    state, effects = fold([asked(1), asked(2), asked(3, instead(scenes=(INK,))), shown(3)])
    assert [(drop.revision, drop.overtaken_by) for drop in told(RevisionDropped, effects)] == [(1, 2), (2, 3)]
    (promoted,) = told(RevisionPromoted, effects)
    assert (promoted.revision, promoted.by, promoted.replaces_draft) == (3, "revisions", True)
    assert promoted.ts_us > promoted.listed_us == NOW + 3000
    assert state is None


def test_our_own_drop_that_comes_back_changes_nothing_and_an_operators_ends_it() -> None:
    state, effects = fold([asked(1), asked(2)])
    (ours,) = (effect for effect in effects if isinstance(effect.data, RevisionDropped))
    assert videos.decide(ours, state, NOW).state == state
    # when somebody drops the second as well
    theirs = ours.data.model_copy(update={"revision": 2, "overtaken_by": None, "by": "ann"})
    after = videos.decide(replace(ours, data=theirs), state, NOW)
    # then nothing is made or shown any more
    assert after.state is None
    assert not told(RevisionPromoted, [effect for effect, _ in videos.decide(shown(2), after.state, NOW).effects])


def test_one_that_was_finished_all_the_same_keeps_its_place_for_the_later_one() -> None:
    # given a first revision that was published before its work could be stopped
    _, effects = fold([asked(1), asked(2), shown(1), shown(2)])
    (promoted,) = told(RevisionPromoted, effects)
    assert (promoted.revision, promoted.listed_us) == (2, NOW + 1000)


def test_a_candidate_that_takes_the_place_of_a_candidate_stays_one() -> None:
    _, effects = fold([asked(1), shown(1), asked(2), asked(3), shown(3)])
    (drop,) = told(RevisionDropped, effects)
    assert drop.revision == 2 and not told(RevisionPromoted, effects)


def test_a_viewer_for_whom_it_was_made_ahead_hears_that_it_will_not_come() -> None:
    made = scripted(origin=Origin.PREFETCH, viewer_id="v-1")
    taken = VideoWithdrawn(video_id=VIDEO, revision=1, ts_us=NOW + 50, reason="spam", by="ann")
    envelope = replace(made, id=ids.derive("test", "withdrawn"), data=taken)
    state, effects = fold([made, envelope])
    (settled,) = told(PrefetchSettled, effects)
    assert (settled.viewer_id, settled.outcome, state) == ("v-1", Outcome.FAILED, None)
    # and once only
    assert not videos.decide(envelope, state, NOW).effects
