"""Neural voices: real loading code and real inference, on models of random weights."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from gpu_consumers.errors import BackendError, BackendMissingError
from gpu_consumers.ports import Speech
from gpu_consumers.voice.chain import VoiceChain
from gpu_consumers.voice.kokoro import Kokoro
from gpu_consumers.voice.neural import NeuralVoice
from gpu_consumers.voice.phonemes import sentences
from gpu_consumers.voice.piper import Piper
from gpu_consumers.voice.text import prepare
from infra.flavors import Flavor, VoiceSpec
from tests.unit.voice_kit import kokoro, piper

TEXT = "Why do cats purr? A cat has 42 reasons, they say 🐱."


def of_piper(model: Path) -> NeuralVoice:
    return NeuralVoice(family=Piper, model=str(model), name="piper")


def of_kokoro(model: Path) -> NeuralVoice:
    return NeuralVoice(family=Kokoro, model=str(model), name="kokoro")


def say(voice: NeuralVoice, text: str = TEXT, speaker: str | None = None, rate: float = 1.0) -> Speech:
    return voice.speak(text, language="en", speaker=speaker, rate=rate)


def check(speech: Speech, text: str = TEXT) -> None:
    """The promise of every voice: exactly the words, in order, inside the sound."""
    assert [word.text for word in speech.words] == text.split()
    starts = [word.start_ms for word in speech.words]
    assert starts == sorted(starts) and starts[0] > 0
    assert all(word.start_ms <= word.end_ms <= speech.duration_ms for word in speech.words)
    assert np.abs(speech.samples).max() > 300


@pytest.mark.parametrize("durations", [False, True])
def test_a_piper_voice_speaks(tmp_path: Path, durations: bool) -> None:
    speech = say(of_piper(piper(tmp_path, durations=durations)))
    check(speech)
    assert speech.sample_rate == 16_000


@pytest.mark.parametrize("durations", [False, True])
@pytest.mark.parametrize("archive", [False, True])
def test_a_kokoro_voice_speaks(tmp_path: Path, archive: bool, durations: bool) -> None:
    speech = say(of_kokoro(kokoro(tmp_path, archive=archive, durations=durations)))
    check(speech)
    assert speech.sample_rate == 24_000


@pytest.mark.parametrize("make", [lambda f: of_piper(piper(f)), lambda f: of_kokoro(kokoro(f))])
def test_the_same_text_sounds_the_same_and_slower_speech_is_longer(tmp_path: Path, make: object) -> None:
    voice = make(tmp_path)  # type: ignore[operator]
    first = say(voice)
    say(voice, "Something else in between.")
    again = say(voice)
    assert np.array_equal(first.samples, again.samples) and first.words == again.words
    assert len(say(voice, rate=0.5).samples) > 1.5 * len(first.samples)


def test_a_models_own_durations_place_the_words(tmp_path: Path) -> None:
    # Given a model that spends on each token as many frames as its id says
    voice = of_piper(piper(tmp_path, durations=True))
    ids = json.loads((tmp_path / "voice.onnx.json").read_text())["phoneme_id_map"]
    # When
    speech = say(voice, "cats purr")
    # Then the second word begins where the frames of the first are over
    (sounds,) = sentences(prepare("cats purr", "en"), "en-us", 10)
    told = [sum(ids[s][0] for s in sound.phonemes if s in ids) for sound in sounds]
    before = ids["^"][0] + told[0] + ids[" "][0]
    share = before / (before + told[1] + ids["$"][0])
    spoken_ms = speech.duration_ms - 160
    assert speech.words[1].start_ms - 60 == pytest.approx(share * spoken_ms, abs=30)


def test_phonemes_are_those_of_the_whole_clause_and_numbers_are_read_out() -> None:
    first, second = sentences(prepare("A cat has 42 lives, they say 🐱. Why?", "en"), "en-us", 10)
    assert [sound.word for sound in first] == [0, 1, 2, 3, 4, 5, 6] and [sound.word for sound in second] == [8]
    assert first[0].phonemes == "ɐ", "the article, not the name of the letter"
    assert "fˈɔː" in first[3].phonemes and (first[4].mark, second[0].mark) == (",", "?")


def test_speakers_are_chosen_by_name(tmp_path: Path) -> None:
    voice = of_piper(piper(tmp_path, speakers=True))
    check(say(voice, speaker="bob"))
    with pytest.raises(BackendError, match=r"no speaker 'zoe'; there are ann, bob"):
        say(voice, speaker="zoe")
    (tmp_path / "k").mkdir()
    other = of_kokoro(kokoro(tmp_path / "k"))
    check(say(other, speaker="bm_george"))
    with pytest.raises(BackendError, match="no speaker 'zoe'"):
        say(other, speaker="zoe")


@pytest.mark.parametrize("make", [of_piper, of_kokoro])
def test_missing_weights_are_told_in_one_line(tmp_path: Path, make: object) -> None:
    with pytest.raises(BackendMissingError, match=r"lacks .*\.onnx") as caught:
        say(make(tmp_path))  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_broken_files_are_told_in_one_line(tmp_path: Path) -> None:
    path = piper(tmp_path)
    path.with_name("voice.onnx.json").write_text("{}")
    with pytest.raises(BackendError, match="no config of a piper voice"):
        say(of_piper(path))
    path.write_bytes(b"not a model")
    with pytest.raises(BackendError, match=r"voice\.onnx cannot be read") as caught:
        say(of_piper(path))
    assert "\n" not in str(caught.value)


def test_another_language_goes_to_the_next_voice_and_the_event_says_why(tmp_path: Path) -> None:
    spec = VoiceSpec(backend="piper", model=str(piper(tmp_path)))
    chain = VoiceChain.of(Flavor(name="x", speaker="f3", voices=(spec, VoiceSpec(backend="espeak"))))
    assert chain.speak("Why do cats purr?", language="en").voice == "piper"
    said = chain.speak("Почему кошки мурлычут?", language="en")
    assert said.voice == "espeak" and "speaks 'en-us', not 'ru'" in said.fallbacks[0].reason


def test_the_fingerprint_knows_the_files(tmp_path: Path) -> None:
    path = piper(tmp_path)
    before = of_piper(path).fingerprint()
    assert before == of_piper(path).fingerprint()
    os.utime(path, (1, 1))
    assert before != of_piper(path).fingerprint()
