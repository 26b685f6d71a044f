"""The workshop: what follows from a task is the same to the letter, however often the task comes."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gpu_consumers.once import once
from gpu_consumers.stages import script
from gpu_consumers.workshop import Workshop
from infra import flavors
from infra.flavors import WriterSpec
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from infra.storage.sweep import Sweeper
from schemas import ids
from schemas.base import now_us
from schemas.envelope import Envelope, root
from schemas.tasks import WriteScript
from schemas.values import Lane, Origin
from schemas.videos import SceneVoiced, ScriptWritten
from schemas.works import Cost

VIDEO = ids.video_id("workshop")
TASK = ids.derive("workshop", "task")


class Silent:
    """A producer of progress that nobody hears."""

    def send(self, _progress: Envelope[Any]) -> None:
        pass


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        settings=Settings(data_dir=tmp_path), blobs=LocalBlobStore(tmp_path / "media"),
        index=LocalArtifactIndex(tmp_path / "artifacts"), producer=Silent(), name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def asked() -> Envelope[WriteScript]:
    task = WriteScript(
        video_id=VIDEO, origin=Origin.PERSON, lane=Lane.INTERACTIVE, flavor="default", after_us=now_us(),
        text="Why do cats purr?",
    )  # fmt: skip
    return root(task, source="/test", event_id=TASK)


def voiced(shop: Workshop, sound: bytes, ts_us: int = 1) -> Envelope[SceneVoiced]:
    data = SceneVoiced(
        video_id=VIDEO, ts_us=ts_us, scene_id=ids.scene_id(VIDEO, 1, 1), scene_number=1, voice="test",
        audio=shop.blobs.put_bytes(sound, "wav"), words=(), duration_ms=1, cost=Cost(cpu_seconds=ts_us),
    )  # fmt: skip
    return root(data, source="/test", event_id=ids.derive(TASK, "voiced"))


def test_a_task_that_comes_again_leads_to_the_same_events_and_is_not_done_again(shop: Workshop) -> None:
    # When a task comes a second time, as it does after a worker was killed before it could commit
    done = []

    def work() -> list[Envelope[Any]]:
        done.append(1)
        return script.work(shop, asked())

    first, again = (once(shop, asked(), work) for _ in range(2))
    # Then it was not paid for again, and stands at the same time
    assert list(again) == list(first) and len(done) == 1


def test_a_writer_that_was_given_up_is_counted_once_for_each_script(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a flavor whose first writer has no weights
    writers = (WriterSpec(backend="transformers", model=str(tmp_path / "none")), WriterSpec(backend="templates"))
    flavor = flavors.get_flavor("default").model_copy(update={"writers": writers})
    monkeypatch.setattr(flavors, "get_flavor", lambda *_: flavor)

    def counted() -> float:
        labels = {"stage": "script", "backend": "transformers"}
        return REGISTRY.get_sample_value("swipestream_fallbacks_total", labels) or 0.0

    before = counted()
    for _ in range(2):  # what was written is found again the second time
        (written,) = [one.data for one in script.work(shop, asked()) if isinstance(one.data, ScriptWritten)]
        assert written.writer == "templates" and [one.backend for one in written.fallbacks] == ["transformers"]
        assert counted() == before + 1


def test_a_task_that_failed_is_done_when_it_comes_again(shop: Workshop) -> None:
    def fails() -> list[Envelope[Any]]:
        raise OSError("no luck")

    with pytest.raises(OSError, match="no luck"):
        once(shop, asked(), fails)
    done = once(shop, asked(), lambda: [voiced(shop, b"one")])
    assert list(once(shop, asked(), list)) == list(done) and len(done) == 1


@pytest.mark.parametrize("spoil", ["lost", "unreadable"])
def test_a_task_whose_result_is_gone_is_done_anew(shop: Workshop, spoil: str) -> None:
    # Given a task that was done, and what it made is not there any more
    (first,) = once(shop, asked(), lambda: [voiced(shop, b"one", 1)])
    assert isinstance(first.data, SceneVoiced) and first.data.audio is not None
    if spoil == "lost":
        shop.blobs.path(first.data.audio.name).unlink()
    else:
        next((shop.settings.data_dir / "artifacts").rglob("*.json")).write_text('{"events": [{}]}')
    # Then it is done anew, and that is what counts from then on
    for _ in range(2):
        (again,) = once(shop, asked(), lambda: [voiced(shop, b"two", 2)])
        assert isinstance(again.data, SceneVoiced) and again.data.ts_us == 2


def test_of_two_workers_that_do_a_task_at_once_both_tell_what_the_first_made(shop: Workshop) -> None:
    def slow() -> list[Envelope[Any]]:
        # While this one is at work, another one has finished
        once(shop, asked(), lambda: [voiced(shop, b"one", 1)])
        return [voiced(shop, b"two", 2)]

    (told,) = once(shop, asked(), slow)
    assert isinstance(told.data, SceneVoiced) and told.data.ts_us == 1


def test_what_a_task_led_to_is_swept_when_it_can_not_come_again(shop: Workshop) -> None:
    once(shop, asked(), lambda: [voiced(shop, b"one", 1)])
    shop.first(voiced(shop, b"one", 1))

    def swept(days: int) -> int:
        now = time.time() + days * 86_400
        sweeper = Sweeper(media=shop.blobs, index=shop.index, grace_s=0, clock=lambda: now)
        return sweeper.sweep((), (), dry_run=False).expired

    # A task is in its topic for a week, in the dead letters for four, and for four when it is sent back
    assert (swept(62), swept(64)) == (0, 2)


def test_an_event_whose_files_are_gone_is_made_anew(shop: Workshop) -> None:
    lost = shop.first(voiced(shop, b"one", 1))
    assert lost.data.audio is not None
    shop.blobs.path(lost.data.audio.name).unlink()
    made = voiced(shop, b"two", 2)
    assert shop.first(made).data == made.data
    # And from then on that one is the first
    assert shop.first(voiced(shop, b"two", 3)).data == made.data


def test_what_was_kept_and_cannot_be_read_is_made_anew(shop: Workshop) -> None:
    shop.first(voiced(shop, b"one", 1))
    for file in (shop.settings.data_dir / "artifacts").rglob("*.json"):
        file.write_text('{"time": "yesterday", "data": {}}')
    assert shop.first(voiced(shop, b"one", 2)).data.ts_us == 2
    assert shop.first(voiced(shop, b"one", 3)).data.ts_us == 2


def test_of_several_writers_at_once_the_first_is_kept_for_all(tmp_path: Path) -> None:
    index, kept, barrier = LocalArtifactIndex(tmp_path), [], threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait(5)
        kept.append(index.keep("ab12", {"number": number}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len({one["number"] for one in kept}) == 1 and index.get("ab12") == kept[0]
    assert len(list(tmp_path.rglob("*"))) == 2, "the folder and the one file"


def test_a_file_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    index = LocalArtifactIndex(tmp_path)
    index.put("ab12", {"number": 1})
    next(tmp_path.rglob("*.json")).write_text("{")
    assert index.keep("ab12", {"number": 2}) == index.get("ab12") == {"number": 2}
