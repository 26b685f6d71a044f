"""A speech service behind HTTP, and everything that can go wrong with one."""

from __future__ import annotations

import io
import itertools
import wave

import numpy as np
import pytest

from gpu_consumers.errors import BackendError, BackendMissingError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.voice.openai import OpenAIVoice
from tests.unit.models_kit import Answer, service

RATE = 24000


def wav(samples: np.ndarray, channels: int = 1, width: int = 2, rate: int = RATE) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return held.getvalue()


def buzz(seconds: float) -> np.ndarray:
    return (9000 * np.sin(np.arange(int(RATE * seconds)) / 9)).astype(np.int16)


def speak(url: str, text: str = "Why do cats purr so loudly?", **settings: object) -> Speech:
    voice = OpenAIVoice(url=url, model="m", **settings)  # type: ignore[arg-type]
    return voice.speak(text, language="en", speaker="nova", rate=1.1)


def test_the_sound_comes_back_with_estimated_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "secret")
    with service(Answer(wav(buzz(2.0)))) as fake:
        speech = speak(fake.url, api_key_env="SPEECH_KEY")
    assert [w.text for w in speech.words] == ["Why", "do", "cats", "purr", "so", "loudly?"]
    assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(speech.words))
    assert speech.words[-1].end_ms <= speech.duration_ms and speech.sample_rate == RATE
    assert fake.requests[0] == {
        "model": "m", "input": "Why do cats purr so loudly?", "voice": "nova", "speed": 1.1, "response_format": "wav",
    }  # fmt: skip
    assert fake.paths == ["/v1/audio/speech"] and fake.headers[0]["Authorization"] == "Bearer secret"


def test_stereo_is_mixed_down_and_a_stream_of_unknown_length_is_read() -> None:
    stereo = np.repeat(buzz(0.5), 2)
    endless = bytearray(wav(stereo, channels=2))
    endless[40:44] = b"\xff\xff\xff\xff"
    with service(Answer(bytes(endless))) as fake:
        assert speak(fake.url).duration_ms == pytest.approx(500 + 160, abs=30)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=429, body=b"slow down"),
        Answer(b"not a wav at all"),
        Answer(b""),
        Answer(wav(np.zeros(RATE, np.int16))),
        Answer(wav(buzz(0.2)), cut=True),
        Answer(b"x", wait_s=5),
        Answer(wav(buzz(0.1)), drip_s=0.05),
    ],
    ids=["500", "429", "no wav", "empty", "silence", "cut off", "late", "dripping"],
)
def test_faults_that_may_pass_are_transient(answer: Answer) -> None:
    with service(answer) as fake, pytest.raises(TransientBackendError):
        speak(fake.url, timeout_s=0.4)


@pytest.mark.parametrize(
    "answer",
    [Answer(status=401, body=b"bad key"), Answer(status=404), Answer(wav(np.zeros(900, np.uint8), width=1))],
    ids=["401", "404", "8 bit"],
)
def test_faults_that_will_not_pass_are_not(answer: Answer) -> None:
    with service(answer) as fake, pytest.raises(BackendError) as caught:
        speak(fake.url)
    assert not isinstance(caught.value, TransientBackendError)


def test_nobody_listening_is_transient_and_no_address_is_not() -> None:
    with pytest.raises(TransientBackendError, match="did not answer"):
        speak("http://127.0.0.1:9/v1")
    with pytest.raises(BackendMissingError):
        speak("")
    with pytest.raises(BackendError):
        speak("http://[broken/v1")


def test_nothing_to_say_asks_nobody() -> None:
    assert speak("http://127.0.0.1:9/v1", text="🐱").words[0].text == "🐱"
