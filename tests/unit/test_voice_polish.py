"""The offline voice is less harsh and more even than espeak-ng leaves it, and nothing of it moves in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.voice import espeak
from gpu_consumers.voice.polish import Samples, polished

TEXT = (
    "Cats purr when they are at ease. Thunder is the sound of air that lightning has heated so fast that it explodes."
)
RATE = 22050


def share(samples: Samples, low: float, high: float) -> float:
    """Energy of a band beside the whole, in dB."""
    energy = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(energy[(hertz >= low) & (hertz < high)].sum() / energy.sum()))


@pytest.fixture(scope="module")
def both() -> tuple[Samples, espeak.EspeakVoice]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(espeak, "polished", lambda samples, rate: samples)
        return espeak.EspeakVoice().speak(TEXT, language="en", speaker=None, rate=1.0), espeak.EspeakVoice()


def test_it_is_less_harsh_and_its_words_are_more_even(both) -> None:  # type: ignore[no-untyped-def]
    dry, voice = both
    said = voice.speak(TEXT, language="en", speaker=None, rate=1.0)
    # then the times are those of the dry voice, to the sample
    assert said.words == dry.words and len(said.samples) == len(dry.samples)
    assert share(said.samples, 2000, 5000) < share(dry.samples, 2000, 5000) - 3
    assert share(said.samples, 80, 300) > share(dry.samples, 80, 300) + 1

    def spread(samples: Samples) -> float:
        cut = [samples[w.start_ms * RATE // 1000 : w.end_ms * RATE // 1000].astype(float) for w in dry.words]
        return float(np.std([20 * np.log10(np.sqrt(np.mean(word**2)) + 1) for word in cut if len(word) > RATE * 0.06]))

    assert spread(said.samples) < 0.85 * spread(dry.samples)


def test_a_click_stays_where_it_is() -> None:
    click = np.zeros(RATE, np.int16)
    click[RATE // 2] = 20000
    made = polished(click, RATE)
    assert abs(int(np.abs(made).argmax()) - RATE // 2) <= 1


@given(level=st.integers(1, 32767), length=st.integers(1, 5000))
def test_silence_stays_silent_and_the_peak_stays_where_it_was(level: int, length: int) -> None:
    assert not polished(np.zeros(length, np.int16), RATE).any()
    tone = np.round(level * np.sin(np.arange(length) / 20)).astype(np.int16)
    made = polished(tone, RATE)
    assert len(made) == length and abs(int(np.abs(made.astype(int)).max()) - int(np.abs(tone.astype(int)).max())) <= 2
