"""The checker: it passes a good history, and finds each thing that may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import checks
from tests.chaos.checks import CHECKS, Verdict, check
from tests.chaos.history import History, Tables, Told, Walked
from tests.chaos.history_kit import (
    NOW,
    SECOND,
    accepted,
    dead,
    drawn,
    prompt,
    published,
    rendered,
    story,
    video,
)


def broken(history: History) -> dict[str, str]:
    """What does not hold, and why, by the name of the check."""
    return {verdict.name: verdict.detail for verdict in check(history) if not verdict.holds}


def spoilt(tables: Tables, table: str, change: Mapping[str, Any]) -> Tables:
    """The tables with some cells of one row changed."""
    key, row = next(iter(tables[table].items()))
    return {**tables, table: {**tables[table], key: {**row, **change}}}


def test_a_good_history_passes_every_check() -> None:
    verdicts = check(story().history())
    assert [verdict for verdict in verdicts if not verdict.holds] == []
    assert len(verdicts) == len(CHECKS) == 10


def test_a_repeated_and_redelivered_history_is_a_good_one() -> None:
    # Given every fact once more, as a nemesis or a restarted producer leaves it
    made = story()
    made.facts += list(made.facts)
    assert broken(made.history()) == {}


def test_a_prompt_that_was_acknowledged_and_is_not_there_is_lost() -> None:
    history = story().history(told=Told(prompts={video(9)}, pushed=[[video(0), video(1)]]))
    assert broken(history) == {"nothing acknowledged is lost": f"prompt of video {video(9)} is not in the log"}


def test_a_swipe_that_was_acknowledged_and_is_not_there_is_lost() -> None:
    found = checks.kept(story().history(told=Told(swipes={("a", "1"), ("a", "9")})))
    assert found.wrong == ("swipe 9 of a is not in the log",)


def test_viewers_may_be_called_something_else_in_the_log() -> None:
    told, known_as = Told(swipes={("anna", "1")}, pushed=[[video(0), video(1)]]), {"anna": "a"}
    assert checks.kept(story().history(told=told, known_as=known_as)).holds
    assert not checks.kept(story().history(told=told)).holds
    shown = Walked(viewer="anna", videos=(video(0),))
    assert not checks.feeds(story().history(last_walks=[shown], known_as=known_as)).holds


def test_a_video_that_never_ended_is_lost() -> None:
    made = story()
    made.tell("prompts", prompt(5))
    made.tell("video-events", accepted(5))
    assert broken(made.history()) == {"accepted = published + failed + dead": f"video {video(5)} is lost"}


def test_a_prompt_that_nobody_judged_is_lost() -> None:
    made = story()
    made.tell("prompts", prompt(5))
    assert f"{video(5)} was neither accepted" in broken(made.history())["accepted = published + failed + dead"]


def test_a_video_whose_task_is_a_dead_letter_is_accounted_for() -> None:
    made = story()
    made.tell("prompts", prompt(5))
    made.tell("video-events", accepted(5))
    history = made.history()
    found = checks.accounted(replace(history, log=replace(history.log, dead=(dead(5),))))
    assert found.holds and found.looked_at == "3 accepted = 2 published + 0 failed + 1 dead"


def test_a_record_that_nobody_put_aside_is_missed_and_one_put_aside_for_nothing_is_told() -> None:
    history = story().history()
    place = ("assembly-tasks", 0, 7)
    unread = replace(history, log=replace(history.log, unreadable=frozenset({place})), poisoned=frozenset({place}))
    assert "assembly-worker assembly-tasks 0 7 was not put aside" in checks.put_aside(unread).wrong
    aside = replace(unread, log=replace(unread.log, dead=(replace(dead(7), video_id=None),)))
    assert checks.put_aside(aside).holds
    needless = replace(history, log=replace(history.log, dead=(dead(3),)))
    assert checks.put_aside(needless).wrong == ("assembly-worker assembly-tasks 0 3 was put aside",)


@pytest.mark.parametrize(
    ("table", "change"),
    [("videos", {"title": "Snow"}), ("feed_global", {"card": "{}"}), ("viewer_seen", {"liked": False}),
     ("video_scenes", {"code": "other"}), ("projection_state", {"position": 1})],
)  # fmt: skip
def test_a_cell_that_differs_is_found(table: str, change: Mapping[str, Any]) -> None:
    history = story().history()
    found = checks.views(replace(history, tables=spoilt(history.tables, table, change)))
    assert len(found.wrong) == 1 and found.wrong[0].startswith(f"{table} ")


def test_a_row_that_is_missing_or_too_many_is_found() -> None:
    history = story().history()
    rows = dict(history.tables["video_events"])
    key, row = rows.popitem()
    missing = replace(history, tables={**history.tables, "video_events": rows})
    assert checks.views(missing).wrong == (f"video_events {key} is missing",)
    more = {**history.tables["video_events"], ("x", 1, "y"): row}
    found = checks.views(replace(history, tables={**history.tables, "video_events": more}))
    assert found.wrong == ("video_events ('x', 1, 'y') is not in the fold",)


def test_a_swipe_that_was_counted_twice_or_never_is_found() -> None:
    history = story().history()
    for likes in ('{"subject 0": 3.88, "subject 1": 2.0}', "{}"):
        found = checks.tastes(replace(history, tables=spoilt(history.tables, "viewer_interests", {"interests": likes})))
        assert len(found.wrong) == 1 and found.wrong[0].startswith("a likes subject ")


def test_a_video_that_comes_twice_in_a_walk_is_found() -> None:
    walk = Walked(viewer="a", videos=(video(0), video(1), video(0)))
    history = story().history()
    history.told.walks.append(walk)
    assert broken(history) == {"no video twice in any feed, none missing": f"a was shown {video(0)} twice"}


def test_a_video_that_stands_twice_in_the_feeds_table_is_found() -> None:
    made = story()
    # Given a publication that was stamped anew when it came again
    made.tell("video-events", published(1, NOW + 9 * SECOND))
    found = broken(made.history())
    assert f"{video(1)} stands twice in feed_global" in found["no video twice in any feed, none missing"]
    assert "has 2 contents" in found["the same cause makes the same event"]


def test_a_video_that_no_feed_shows_is_found() -> None:
    walk = Walked(viewer="newcomer", videos=(video(0),))
    found = broken(story().history(last_walks=[walk]))
    assert found == {"no video twice in any feed, none missing": f"newcomer is not shown {video(1)}"}


def test_a_video_that_was_swiped_need_not_be_shown_and_must_not() -> None:
    shown = (video(0), video(1))
    assert checks.feeds(story().history(last_walks=[Walked(viewer="a", videos=())])).holds
    found = checks.feeds(story().history(last_walks=[Walked(viewer="a", videos=shown)]))
    assert found.wrong == tuple(f"a is shown {one} although they swiped it" for one in sorted(shown))


def test_a_push_that_comes_twice_or_never_is_found_unless_the_client_was_told_to_start_afresh() -> None:
    def pushed(*stretches: list[str], resyncs: tuple[str, ...] = ()) -> Verdict:
        return checks.pushes(story().history(told=Told(pushed=list(stretches), resyncs=list(resyncs))))

    assert pushed([video(0), video(1), video(0)]).wrong == (f"{video(0)} was pushed twice",)
    assert pushed([video(0)]).wrong == (f"{video(1)} was never pushed",)
    assert pushed([video(0)], [video(0)], resyncs=("started",)).holds


def test_a_second_publication_by_another_event_is_found() -> None:
    made = story()
    made.tell("video-events", published(1, step="published-again"))
    assert "was published by 2 events" in broken(made.history())["the same cause makes the same event"]


def test_what_a_client_sent_again_may_be_stamped_anew_and_what_follows_too() -> None:
    made = story()
    for topic, event in (("prompts", prompt(0)), ("video-events", accepted(0))):
        made.tell(topic, replace(event, data=event.data.model_copy(update={"ts_us": NOW + 5})))
    assert checks.once(made.history()).holds


def test_a_scene_that_is_drawn_again_after_it_was_finished_is_found() -> None:
    made = story()
    made.progress.append(drawn(0, NOW + 5 * SECOND, index=1))
    found = checks.renders(made.history())
    assert found.wrong == (f"scene {video(0)}/1/1 was drawn again 4.0 s after it was finished",)


def test_two_workers_that_draw_a_scene_side_by_side_draw_nothing_that_is_finished() -> None:
    made = story()
    made.progress += [drawn(0, NOW + SECOND * 14 // 10, index=1), drawn(1, NOW + SECOND // 2, index=1)]
    found = checks.renders(made.history())
    assert found.holds and found.looked_at.endswith("2 begun again before they were finished")


def test_a_copy_of_a_rendered_scene_does_not_finish_it_later() -> None:
    made = story()
    made.tell("video-events", rendered(0, NOW + 8 * SECOND))
    made.progress.append(drawn(0, NOW + 6 * SECOND, index=1))
    assert not checks.renders(made.history()).holds


def test_requests_that_never_succeeded_and_answers_that_are_our_fault_are_told() -> None:
    told = Told(given_up=["POST /v1/swipes after 90 s"], wrong=["GET /v1/feed was answered 500: oops"])
    found = checks.at_rest(story().history(told=told, restless="still 3 records"))
    assert len(found.wrong) == 3


def test_details_are_short() -> None:
    found = Verdict(name="n", looked_at="", wrong=tuple(f"w{number}" for number in range(7)))
    assert found.detail == "w0; w1; w2; w3; w4 … and 2 more" and not found.holds
