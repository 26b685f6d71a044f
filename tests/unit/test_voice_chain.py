"""Voices in order: a retry where it helps, the next one where it does not, and never nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Speech
from gpu_consumers.voice.chain import Link, VoiceChain, voice
from gpu_consumers.voice.espeak import EspeakVoice
from gpu_consumers.voice.silent import SilentVoice
from infra.flavors import Flavor, VoiceSpec


@dataclass
class Moody:
    """Fails with the errors it was given, then speaks."""

    errors: list[BackendError]
    name: str = "moody"
    asked: list[tuple[str, str | None, float]] = field(default_factory=list)

    def fingerprint(self) -> str:
        return self.name

    def speak(self, text: str, *, language: str, speaker: str | None, rate: float) -> Speech:
        self.asked.append((text, speaker, rate))
        if self.errors:
            raise self.errors.pop(0)
        return SilentVoice().speak(text, language=language, speaker=None, rate=rate)


def chain(*voices: Moody) -> VoiceChain:
    return VoiceChain(links=tuple(Link(voice=v) for v in voices), sleep=lambda _: None)


def test_the_first_voice_that_works_speaks() -> None:
    said = chain(Moody([]), Moody([], name="second")).speak("hi", language="en")
    assert (said.voice, said.fallbacks) == ("moody", ())


def test_a_passing_fault_is_tried_once_more() -> None:
    moody = Moody([TransientBackendError("busy")])
    assert chain(moody).speak("hi", language="en").voice == "moody"
    assert len(moody.asked) == 2


def test_a_lasting_fault_is_not_tried_again_and_the_next_voice_speaks() -> None:
    moody, second = Moody([BackendError("no such language")]), Moody([], name="second")
    said = chain(moody, second).speak("hi", language="en")
    assert said.voice == "second" and len(moody.asked) == 1
    assert [(f.backend, f.reason) for f in said.fallbacks] == [("moody", "no such language")]


def test_when_all_fail_the_captions_stay_and_every_reason_is_told() -> None:
    bad = [Moody([TransientBackendError("busy"), TransientBackendError("still busy")], name=f"v{i}") for i in range(2)]
    said = chain(*bad).speak("three little words", language="en")
    assert said.voice == "silent" and [w.text for w in said.speech.words] == ["three", "little", "words"]
    assert [f.reason for f in said.fallbacks] == ["still busy", "still busy"]


def test_a_chain_is_built_from_the_flavor() -> None:
    flavor = Flavor(
        name="x",
        rate=0.9,
        speaker="f3",
        voices=(VoiceSpec(backend="espeak", rate=1.2), VoiceSpec(backend="openai", url="http://h/v1", speaker="alloy")),
    )
    links = VoiceChain.of(flavor).links
    assert [(link.voice.name, link.speaker, link.rate) for link in links] == [
        ("espeak", "f3", 1.2),
        ("openai", "alloy", 0.9),
    ]


def test_the_fingerprint_changes_with_speaker_and_pace() -> None:
    prints = {
        VoiceChain.of(Flavor(name="x", rate=r, speaker=s)).fingerprint() for r in (1.0, 1.1) for s in (None, "f3")
    }
    assert len(prints) == 4


def test_a_japanese_scene_has_captions_and_no_voice_offline() -> None:
    said = VoiceChain.of(Flavor(name="x")).speak("猫はなぜ喉を鳴らすのですか？ いい質問です。", language="ja")
    assert said.voice == "silent" and len(said.speech.words) == 2 and "'ja'" in said.fallbacks[0].reason


def test_every_backend_of_the_contract_can_be_made() -> None:
    assert isinstance(voice(VoiceSpec(backend="espeak", timeout_s=3)), EspeakVoice)
    assert isinstance(voice(VoiceSpec(backend="silent")), SilentVoice)
