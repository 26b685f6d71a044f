"""Cues: phrases of a few words, timed by what is heard."""

from __future__ import annotations

from gpu_consumers.picture.cues import Cue, cues, spread
from schemas.scripts import Word


def spoken(text: str, each_ms: int = 300) -> list[Word]:
    return [Word(text=word, start_ms=n * each_ms, end_ms=(n + 1) * each_ms) for n, word in enumerate(text.split())]


def test_phrases_are_short_and_end_with_the_sentence() -> None:
    made = cues(spoken("Why do cats purr? It is not only because they are happy."), 4000)
    assert [cue.text for cue in made] == ["Why do cats purr?", "It is not only", "because they are happy."]


def test_a_pause_parts_phrases() -> None:
    words = [Word(text="one", start_ms=0, end_ms=200), Word(text="two", start_ms=900, end_ms=1100)]
    assert [cue.text for cue in cues(words, 2000)] == ["one", "two"]


def test_a_phrase_stands_until_the_next_one_or_a_moment_longer_than_it_is_heard() -> None:
    words = [Word(text="one.", start_ms=0, end_ms=200), Word(text="two", start_ms=400, end_ms=600)]
    first, second = cues(words, 5000)
    assert (first.start_ms, first.end_ms) == (0, 400)
    assert (second.start_ms, second.end_ms) == (400, 1300)


def test_the_active_word_is_the_one_that_began_last() -> None:
    (cue,) = cues(spoken("one two three"), 1000)
    assert [cue.active(at) for at in (0, 299, 300, 650, 5000)] == [0, 0, 1, 2, 2]


def test_scripts_without_spaces_are_captioned_in_short_parts() -> None:
    made = cues([Word(text="猫はなぜ喉を鳴らすのか。", start_ms=0, end_ms=2400)], 2400)
    parts = [word for cue in made for word in cue.words]
    assert "".join(part.text for part in parts) == "猫はなぜ喉を鳴らすのか。"
    assert [part.text for part in parts] == ["猫は", "なぜ", "喉を", "鳴らすのか。"]
    assert [part.start_ms for part in parts] == sorted(part.start_ms for part in parts)


def test_words_that_cannot_be_shown_are_left_out() -> None:
    assert cues([Word(text="\x00", start_ms=0, end_ms=5)], 100) == []
    assert cues([], 100) == []


def test_a_scene_without_a_voice_is_read_at_an_even_pace() -> None:
    words = spread("a longer narration", 3000)
    assert [word.text for word in words] == ["a", "longer", "narration"]
    assert words[0].start_ms == 0
    assert words[-1].end_ms <= 3000
    assert words[1].end_ms - words[1].start_ms > words[0].end_ms - words[0].start_ms


def test_a_word_of_no_length_still_has_its_moment() -> None:
    assert cues([Word(text="hm", start_ms=5, end_ms=5)], 100)[0] == Cue(
        cues([Word(text="hm", start_ms=5, end_ms=6)], 100)[0].words, 5, 100
    )
