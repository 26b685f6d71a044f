"""Writers in order: a retry where it helps, then the next; every reason is told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.chain import WriterChain
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.stages.specs import BREATH_MS
from gpu_consumers.voice.pace import estimate_seconds
from infra.flavors import Flavor, Limits, WriterSpec
from schemas.scripts import Script

BRIEF = Brief(prompt="Why do cats purr?", archetype=None, target_seconds=30, language="en", seed=1)


@dataclass
class Moody:
    """Fails with the errors it was given, then writes."""

    errors: list[BackendError]
    name: str = "moody"
    asked: int = 0

    def fingerprint(self) -> str:
        return self.name

    def write(self, brief: Brief) -> Script:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return TemplateWriter().write(brief)


def chain(*writers: Moody) -> WriterChain:
    return WriterChain(writers=writers, sleep=lambda _: None)


def test_a_passing_fault_is_tried_once_more() -> None:
    moody = Moody([TransientBackendError("busy")])
    written = chain(moody).write(BRIEF)
    assert (written.writer, written.fallbacks, moody.asked) == ("moody", (), 2)


def test_a_lasting_fault_goes_to_the_next_writer_at_once() -> None:
    moody = Moody([BackendError("no model")])
    written = chain(moody, Moody([], name="second")).write(BRIEF)
    assert (written.writer, moody.asked) == ("second", 1)
    assert [(f.backend, f.reason) for f in written.fallbacks] == [("moody", "no model")]


def test_two_passing_faults_in_a_row_count_as_one_writers_failure() -> None:
    moody = Moody([TransientBackendError("busy"), TransientBackendError("busy still")])
    written = chain(moody, Moody([], name="second")).write(BRIEF)
    assert written.fallbacks[0].reason == "busy still"


def test_when_all_fail_the_error_names_every_reason() -> None:
    with pytest.raises(BackendError, match="a: one; b: two"):
        chain(Moody([BackendError("one")], name="a"), Moody([BackendError("two")], name="b")).write(BRIEF)


def test_a_flavor_whose_model_is_away_still_gets_a_script() -> None:
    flavor = Flavor(
        name="x", writers=(WriterSpec(backend="openai", url="http://127.0.0.1:9/v1"), WriterSpec(backend="templates"))
    )
    written = WriterChain(writers=WriterChain.of(flavor).writers, sleep=lambda _: None).write(BRIEF)
    assert written.writer == "templates" and "did not answer" in written.fallbacks[0].reason


def test_the_flavors_limits_hold() -> None:
    flavor = Flavor(name="x", limits=Limits(max_seconds=20, max_scenes=3))
    script = WriterChain.of(flavor).write(replace(BRIEF, target_seconds=60)).script
    assert [scene.scene_number for scene in script.scenes] == [1, 2, 3] and script.scenes[-1].beat == "close"
    assert sum(scene.duration_s for scene in script.scenes) <= 23


def test_the_fingerprint_changes_with_the_writers_and_their_prompt() -> None:
    spec = WriterSpec(backend="openai", url="http://h/v1")
    prints = {WriterChain.of(Flavor(name="x", writers=(spec,), script_prompt=p)).fingerprint() for p in ("a", "b")}
    assert len(prints | {WriterChain.of(Flavor(name="x")).fingerprint()}) == 3


@pytest.mark.parametrize("prompt", ["Why do cats purr?", "cats", "POV: you are late", "an ad for a bottle"])
def test_who_wishes_for_the_shortest_video_gets_none_below_fifteen_seconds(prompt: str) -> None:
    writers = WriterChain(writers=(TemplateWriter(),))
    for seed in range(20):
        brief = Brief(prompt=prompt, archetype=None, target_seconds=15, language="en", seed=seed)
        scenes = writers.write(brief).script.scenes
        seconds = sum(estimate_seconds(scene.narration, "en") + BREATH_MS / 1000 for scene in scenes)
        assert 15.3 <= seconds <= 22
