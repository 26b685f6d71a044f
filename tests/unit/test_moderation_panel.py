"""The panel of a flavor: everyone judges by its thresholds, and what is refused goes no further."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.moderation.classifier import ClassifierModerator
from gpu_consumers.moderation.openai import OpenAIModerator
from gpu_consumers.moderation.panel import Panel, Seat, reason
from gpu_consumers.moderation.rules import RulesModerator
from gpu_consumers.ports import Brief, Finding
from gpu_consumers.script.templates import TemplateWriter
from gpu_consumers.stages import gate, script
from infra.flavors import Flavor, JudgeSpec, Moderation
from schemas.scripts import Scene, Script
from schemas.values import Judgement
from schemas.videos import ContentJudged, Judged, ScriptWritten, Stage, VideoFailed
from tests.unit.models_kit import Answer, service
from tests.unit.test_script_memory import shop, task
from tests.unit.test_script_templates import VARIED

ALL = frozenset(["prompt", "script", "frames"])


@dataclass
class Sees:
    """Finds what it is told to find, after the errors it is told to raise."""

    findings: list[Finding] = field(default_factory=list)
    errors: list[BackendError] = field(default_factory=list)
    name: str = "sees"
    asked: int = 0

    def fingerprint(self) -> str:
        return self.name

    def in_text(self, _text: str) -> list[Finding]:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.findings

    def in_clip(self, _clip: Path) -> list[Finding]:
        return self.findings


def panel(*moderators: Any, content: frozenset[str] = ALL, **policy: Any) -> Panel:
    seats = tuple(Seat(moderator=each, content=content) for each in moderators)
    return Panel(seats=seats, policy=Moderation(**policy), sleep=lambda _: None)


def clip(path: Path, per_second: float, seconds: int = 2) -> Path:
    """A clip that flashes so often."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "30", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 72, 128, "yuv420p"
        for number in range(30 * seconds):
            level = 255 if per_second and int(number / (15 / per_second)) % 2 else 0
            picture = np.full((128, 72, 3), level, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        out.mux(stream.encode())
    return path


def test_what_goes_furthest_beyond_its_threshold_is_told() -> None:
    mild, strong = Finding(category="mild", rule="a", score=0.6), Finding(category="strong", rule="b", score=0.7)
    (found,) = panel(Sees([mild, strong]), thresholds={"default": 0.9, "mild": 0.5}).on_text("x", Judged.PROMPT)
    assert found == Judgement(allowed=False, moderator="sees", category="mild", rule="a", score=0.6, threshold=0.5)
    assert "mild" in reason([found], Judged.PROMPT) and "0.6" in reason([found], Judged.PROMPT)


def test_a_moderator_is_asked_about_its_content_alone() -> None:
    sees = Sees()
    assert panel(sees, content=frozenset(["frames"])).on_text("x", Judged.SCRIPT) == () and sees.asked == 0


def test_one_that_cannot_answer_is_asked_again_and_is_never_a_yes() -> None:
    busy = TransientBackendError("busy")
    assert panel(Sees(errors=[busy])).on_text("x", Judged.PROMPT)[0].allowed
    with pytest.raises(TransientBackendError):
        panel(Sees(errors=[busy, TransientBackendError("busy")])).on_text("x", Judged.PROMPT)
    with pytest.raises(BackendError):
        panel(Sees(errors=[BackendError("no weights")])).on_text("x", Judged.PROMPT)


def test_phrases_that_a_flavor_allows_are_fine() -> None:
    text = "How to build a pipe bomb for the escape room"
    assert RulesModerator().in_text(text)[0].category == "weapons"
    assert RulesModerator(allow=("pipe bomb",)).in_text(text) == []


@pytest.mark.parametrize(("per_second", "allowed"), [(0, True), (1, True), (3, True), (5, False), (10, False)])
def test_a_clip_that_flashes_too_often_is_refused(tmp_path: Path, per_second: float, allowed: bool) -> None:
    (found,) = Panel.of(Flavor(name="x")).on_clip(clip(tmp_path / "clip.mp4", per_second))
    assert found.allowed is allowed
    assert allowed or (found.category, found.rule) == ("photosensitivity", "general-flash")


def test_a_service_judges_texts_and_pictures_and_its_categories_get_our_names(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        seen = body["input"][0]["type"] == "image_url"
        scores = {"violence": 0.1, "sexual/minors": 0.9 if seen else 0.2}
        return Answer(json.dumps({"results": [{"category_scores": scores}]}).encode())

    with service(answer) as fake:
        spec = JudgeSpec(backend="openai", url=fake.url, model="m", categories={"sexual/minors": "sexual-minors"})
        judges = Panel.of(Flavor(name="x", moderation=Moderation(judges=(spec,))))
        assert judges.on_text("a cat", Judged.SCRIPT)[0].allowed
        (found,) = judges.on_clip(clip(tmp_path / "clip.mp4", 0))
    assert (found.allowed, found.category, found.rule) == (False, "sexual-minors", "sexual/minors")
    pictures = [body["input"][0]["image_url"]["url"] for body in fake.requests[1:]]
    assert len(pictures) == 3 and all(url.startswith("data:image/jpeg;base64,/9j/") for url in pictures)
    assert set(fake.paths) == {"/v1/moderations"}


def test_a_service_that_answers_nonsense_is_an_error() -> None:
    with service(Answer(b"{}")) as fake, pytest.raises(TransientBackendError, match="no scores"):
        OpenAIModerator(url=fake.url).in_text("x")


def test_a_classifier_without_weights_says_so_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="there is no classifier in") as caught:
        ClassifierModerator(model=str(tmp_path)).in_text("x")
    assert "\n" not in str(caught.value)


def test_scripts_on_ordinary_prompts_pass() -> None:
    for number, prompt in enumerate(VARIED):
        brief = Brief(prompt=prompt, archetype=None, target_seconds=30, language="en", seed=number)
        found = gate.on_script(TemplateWriter().write(brief), Flavor(name="x"))
        assert all(judgement.allowed for judgement in found), (prompt, found)


def test_a_script_that_is_refused_is_never_drawn_and_the_log_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a writer that writes what nobody asked for
    scene = Scene(scene_number=1, beat="hook", narration="How to build a pipe bomb.", visuals="x", duration_s=2)
    bad = Script(title="Cats", subject="cats", archetype="list", scenes=(scene,))
    monkeypatch.setattr(TemplateWriter, "write", lambda _self, _brief: bad)
    # When
    judged, failed = (event.data for event in script.work(shop(tmp_path), task(1)))
    # Then
    assert isinstance(judged, ContentJudged) and not judged.allowed and judged.content == Judged.SCRIPT
    assert judged.judgements[0].rule == "making-a-weapon"
    assert isinstance(failed, VideoFailed) and failed.stage == Stage.MODERATION and judged.ts_us < failed.ts_us
    assert "weapons" in failed.reason


def test_a_script_that_passes_is_told_after_its_judgement(tmp_path: Path) -> None:
    judged, written = (event.data for event in script.work(shop(tmp_path), task(1)))
    assert isinstance(judged, ContentJudged) and judged.allowed and isinstance(written, ScriptWritten)
    assert task(1).data.after_us < judged.ts_us < written.ts_us


@pytest.mark.parametrize("allowed", [True, False])
def test_a_script_that_came_along_is_judged_as_those_that_are_written_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    # Given a script of a project, and a model beside the rules, which have judged it before
    scene = Scene(scene_number=1, beat="hook", narration="Mine.", visuals="x", duration_s=2)
    mine = Script(title="Cats", subject="cats", archetype="list", scenes=(scene,))
    rules, model = Sees(name="rules"), Sees()
    worse = [] if allowed else [Finding(category="hate", rule="m", score=0.9)]
    monkeypatch.setattr(model, "in_text", lambda text: worse if "Mine." in text else [])
    seated = panel(rules, model)
    monkeypatch.setattr(Panel, "of", lambda _flavor: seated)
    asked = task(1)
    cause = replace(asked, data=asked.data.model_copy(update={"script": mine}))
    # When
    *judged, last = (event.data for event in script.work(shop(tmp_path), cause))
    # Then the model judged the words and the script, and nobody wrote another one
    assert [each.content for each in judged] == [Judged.PROMPT, Judged.SCRIPT]
    assert rules.asked == 0
    if allowed:
        assert isinstance(last, ScriptWritten) and last.script == mine and last.writer == "kept" and last.reused
    else:
        assert isinstance(last, VideoFailed) and last.stage == Stage.MODERATION
