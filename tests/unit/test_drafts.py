"""Videos that are drafts first: what follows from one, who sees which revision, and what is never drafted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpu_consumers import backends
from infra.errors import ConfigurationError
from infra.flavors import Moderation, get_flavor
from infra.settings import Settings
from processors import videos
from processors.prompts import decide_with
from processors.works import works
from query_api.gateway.entries import entry
from query_api.gateway.tokens import Cut
from schemas import ids
from schemas.base import Message
from schemas.envelope import Envelope, caused_by, root
from schemas.prompts import PromptSubmitted, RevisionRequested
from schemas.takes import Upgrade
from schemas.tasks import AssembleVideo, RenderScene, WriteScript
from schemas.values import Lane
from schemas.videos import (
    RevisionDropped,
    RevisionPromoted,
    SceneRendered,
    ScriptWritten,
    VideoPublished,
    VideoWithdrawn,
)
from schemas.works import Cost
from tests.unit.gateway_kit import received
from tests.unit.read_kit import published
from tests.unit.test_processors import BLOB, NOW, VIDEO, fold, prompt, rendered, script, scripted

DECIDE = decide_with(lambda _flavor: Moderation(), lambda flavor: flavor == "quick")


@dataclass
class System:
    """The two processors, and workers that make what they are asked for at once."""

    log: list[Message] = field(default_factory=list)
    state: bytes | None = None
    now: int = NOW

    def take(self, event: Envelope[Message]) -> None:
        """An event, and all that follows from it."""
        self.log.append(event.data)
        if isinstance(event.data, PromptSubmitted | RevisionRequested):
            decision = DECIDE(event, None, NOW)
        else:
            decision = videos.decide(event, self.state, NOW)
            self.state = decision.state
        for effect, _ in decision.effects:
            self.take(self.made(effect) or effect)

    def made(self, task: Envelope[Message]) -> Envelope[Message] | None:
        """What comes of a task."""
        self.now += 10
        data = task.data
        done: Message | None = None
        if isinstance(data, WriteScript):
            done = ScriptWritten(
                video_id=data.video_id, ts_us=self.now, script=script(2), writer="t", origin=data.origin,
                lane=data.lane, flavor=data.flavor, cost=Cost(), upgrade=data.upgrade,
            )  # fmt: skip
        elif isinstance(data, RenderScene):
            self.log.append(data)
            done = SceneRendered(
                video_id=data.video_id, revision=data.revision, ts_us=self.now, scene_id=data.scene_id,
                scene_number=data.scene.scene_number, scene_count=2, clip=BLOB, audio=None, words=(),
                duration_ms=4000, backend="b", model="m", look="l", seed=1, code="0", cost=Cost(),
            )  # fmt: skip
        elif isinstance(data, AssembleVideo):
            done = published(data.video_id, self.now, revision=data.revision, draft=data.draft).data
        return caused_by(task, done, source="/test", step="made") if done else None

    def of(self, kind: type[Any]) -> list[Any]:
        """Events of a kind, in order."""
        return [data for data in self.log if isinstance(data, kind)]


def quick(**changes: Any) -> Envelope[Message]:
    asked = prompt("Why do cats purr?", flavor="quick", **changes)
    return root(asked.data, source="/test")


def test_a_draft_is_published_then_the_full_video_takes_its_place_by_itself() -> None:
    # when a video is asked for that is a draft first
    system = System()
    system.take(quick(archetype="explainer", subject="cats"))
    # then every scene is made twice: quickly, then in full behind what others wait for
    assert [(task.revision, task.draft, task.lane) for task in system.of(RenderScene)] == [
        (1, True, Lane.INTERACTIVE), (1, True, Lane.INTERACTIVE), (2, False, Lane.PREFETCH), (2, False, Lane.PREFETCH),
    ]  # fmt: skip
    # with the same script and the words of the prompt
    (full,) = system.of(RevisionRequested)
    assert (full.text, full.archetype, full.subject) == ("Why do cats purr?", "explainer", "cats")
    assert full.script == system.of(ScriptWritten)[0].script and full.base_revision == 1
    # and it stands in the feeds where the draft was
    draft, second = system.of(VideoPublished)
    (promoted,) = system.of(RevisionPromoted)
    assert (draft.draft, second.draft) == (True, False)
    assert (promoted.revision, promoted.listed_us, promoted.replaces_draft) == (2, draft.ts_us, True)
    assert promoted.ts_us > second.ts_us > full.ts_us > draft.ts_us
    assert system.state is None


@pytest.mark.parametrize("changes", [{"flavor": "default"}, {"lane": Lane.BULK}, {"project_id": ids.fresh()}])
def test_without_a_flavor_that_asks_in_bulk_and_in_projects_there_are_none(changes: dict[str, Any]) -> None:
    system = System()
    system.take(root(quick().data.model_copy(update=changes), source="/test"))
    assert [(task.revision, task.draft) for task in system.of(RenderScene)] == [(1, False)] * 2
    assert not system.of(RevisionRequested) and not system.of(RevisionPromoted)


def test_what_comes_twice_asks_for_nothing_twice() -> None:
    # given a draft that is published, told again before its state was kept, and after
    state, _ = fold([scripted(upgrade=Upgrade(text="Why do cats purr?"))])
    event = published(VIDEO, NOW + 50, draft=True)
    first, again = videos.decide(event, state, NOW), videos.decide(event, state, NOW + 1)
    after = videos.decide(event, first.state, NOW)
    assert [effect.id for effect, _ in first.effects] == [effect.id for effect, _ in again.effects] != []
    assert (after.effects, after.state) == ((), first.state)


def test_a_draft_whose_script_comes_again_while_the_full_video_is_made_asks_for_no_third_one() -> None:
    # given a draft that is published, and its full video in the making
    draft, made = scripted(scenes=1, upgrade=Upgrade(text="Why do cats purr?")), published(VIDEO, NOW + 50, draft=True)
    state, effects = fold([draft, rendered(1, 1), made, scripted(scenes=1, revision=2, ts_us=NOW + 60)])
    (full,) = (effect.data for effect in effects if isinstance(effect.data, RevisionRequested))
    # when the worker that wrote the script comes back from a crash, and all of the draft is told once more
    for event in (draft, rendered(1, 1), made):
        decision = videos.decide(event, state, NOW)
        state, effects = decision.state, [effect for effect, _ in decision.effects]
    # then the same revision is asked for, and is still the one that takes the draft's place
    (again,) = (effect.data for effect in effects if isinstance(effect.data, RevisionRequested))
    assert again.revision == full.revision == 2
    assert works(state).fulls == {2: NOW + 50}


@pytest.mark.parametrize("kind", [RevisionPromoted, RevisionDropped, VideoWithdrawn])
def test_what_somebody_decided_meanwhile_stays(kind: type[Message]) -> None:
    # given a full video in the making, behind its draft
    system = System()
    system.take(quick())
    draft, second = system.of(VideoPublished)
    state = works(None).model_copy(update={"fulls": {2: draft.ts_us}}).state()
    decided: dict[type[Message], Message] = {
        RevisionPromoted: RevisionPromoted(
            **{name: getattr(draft, name) for name in RevisionPromoted.model_fields if hasattr(draft, name)},
            listed_us=draft.ts_us, by="ann",
        ),
        RevisionDropped: RevisionDropped(video_id=draft.video_id, revision=2, ts_us=NOW, by="ann"),
        VideoWithdrawn: VideoWithdrawn(video_id=draft.video_id, ts_us=NOW, reason="no", by="ann"),
    }  # fmt: skip
    # when somebody decides what viewers see, and then it is there
    after = videos.decide(root(decided[kind], source="/test"), state, NOW)
    # then it takes nobody's place
    assert videos.decide(root(second, source="/test"), after.state, NOW).effects == ()
    # as it would have
    assert len(videos.decide(root(second, source="/test"), state, NOW).effects) == 1


def test_clients_are_told_of_it_with_the_time_at_which_the_draft_came() -> None:
    system = System()
    system.take(quick())
    (promoted,), draft = system.of(RevisionPromoted), system.of(VideoPublished)[0]
    told = entry(received(promoted, 0), 1, "", Cut("0" * 12, (1,)))
    first = entry(received(draft, 0), 1, "", Cut("0" * 12, (1,)))
    assert told is not None and told.public is not None and first is not None and first.public is not None
    moment = first.public.split(b'"published_at":')[1][:30]
    assert moment in told.public and b'"revision":2' in told.public
    # one that an operator promotes is found when clients read
    plain = promoted.model_copy(update={"replaces_draft": False})
    assert entry(received(plain, 0), 1, "", Cut("0" * 12, (1,))) is None


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    def write(folder: str, name: str, file: str, **values: Any) -> None:
        (tmp_path / folder / name).mkdir(parents=True)
        (tmp_path / folder / name / file).write_text(yaml.safe_dump(values))

    write("flavors", "instant", "flavor.yaml", draft_first=True)
    write("flavors", "quick", "flavor.yaml", draft_first=True, scene_backend="bought")
    write("models", "bought", "hosted.yaml", api="fal", model="m", offers=[{"seconds": 5, "price": 0.5}])
    return Settings(data_dir=tmp_path / "data", flavor_dirs=(tmp_path / "flavors",), model_dirs=(tmp_path / "models",))


def test_a_flavor_whose_scenes_are_drawn_has_no_drafts(config: Settings) -> None:
    with pytest.raises(ConfigurationError, match="draft_first"):
        get_flavor("instant", config)


@pytest.mark.parametrize("name", ["bought", "svd-xt"])
def test_nothing_is_bought_for_a_draft_and_without_its_steps_it_is_drawn(name: str, config: Settings) -> None:
    class Desk:
        """Nothing may be asked of it."""

    desk: Any = Desk()
    assert backends.renderer(name, config, desk=desk, draft=True).name == "procedural"
