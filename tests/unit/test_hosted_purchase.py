"""Purchases from hosted generators, over real HTTP: one job for one order, whatever fails and whenever."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.errors import BackendMissingError, TransientBackendError
from gpu_consumers.hosted.caller import LONGEST_WAIT_S, patience
from gpu_consumers.hosted.errors import (
    BudgetError,
    BusyError,
    DoubtError,
    FullError,
    JobFailedError,
    LateError,
    LostError,
    RefusedError,
)
from gpu_consumers.hosted.late import collect, is_late, keep_collecting
from gpu_consumers.hosted.manifest import secret
from gpu_consumers.hosted.orders import Book, Order, Standing, spent
from gpu_consumers.hosted.providers import generator
from gpu_consumers.hosted.purchase import Purchase
from infra.errors import UnavailableError
from infra.settings import Settings
from tests.unit.footage_kit import clip
from tests.unit.hosted_kit import APIS, Clock, ListDesk, Provider, manifest_of, provider_of

ASKED = {"prompt": "a cat", "seed": 7}
NOON = 1_795_003_200.0


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def provider(footage: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("HOSTED_TEST_KEY", "sesame")
    with provider_of(footage) as found:
        yield found


class Shop:
    """A purchase with everything around it; `again` is another process over the same folder."""

    def __init__(self, api: str, provider: Provider, folder: Path, **changes: Any) -> None:
        self.manifest, self.folder, self.provider = manifest_of(api, provider, **changes), folder, provider
        self.desk, self.book, self.clock = ListDesk(folder), Book(folder / "orders"), Clock(NOON)
        self.desk.provider = provider
        self.heard: list[float] = []
        self.purchase = Purchase(
            self.manifest, generator(self.manifest), self.book, waiting=self.clock.wait, now=self.clock
        )

    def buy(self, **changes: Any) -> Any:
        return self.purchase.clip(ASKED | changes, self.manifest.offers[0], self.desk, self.heard.append)

    @property
    def standings(self) -> list[Standing]:
        return [order.standing for order in self.book.all()]


@pytest.fixture(params=APIS)
def shop(request: pytest.FixtureRequest, provider: Provider, tmp_path: Path) -> Shop:
    return Shop(request.param, provider, tmp_path)


def test_a_clip_is_ordered_told_waited_for_and_fetched(shop: Shop, footage: bytes) -> None:
    # when
    made = shop.buy()
    # then the file is the provider's, the job was told before it was first asked after, and the key went only there
    assert shop.desk.blobs.path(made.name).read_bytes() == footage
    assert [(order.job, order.price) for order in shop.desk.log] == [("job-1", 0.4)]
    assert shop.desk.polled_before == [0]
    assert shop.standings == [Standing.DONE]
    ((_, first, key), *_, (_, last, none)) = shop.provider.asked
    assert (key.split()[1], last, none) == ("sesame", "/file", "")
    assert first == {"runway": "/v1/text_to_video", "replicate": "/v1/models/owner/app/predictions"}.get(
        shop.manifest.api, "/owner/app"
    )
    assert next(iter(shop.provider.jobs.values()))["arguments"] == ASKED


def test_what_was_bought_is_not_bought_again(shop: Shop) -> None:
    assert shop.buy() == shop.buy()
    assert shop.provider.count("create") == 1


def test_what_is_asked_otherwise_is_another_order(shop: Shop) -> None:
    shop.buy()
    shop.buy(seed=8)
    assert len(shop.provider.jobs) == 2


def test_a_busy_provider_is_given_the_time_that_it_asks_for(shop: Shop) -> None:
    shop.provider.faults["create"] = ["429", "503"]
    shop.provider.faults["status"] = ["429", "500"]
    shop.buy()
    assert shop.clock.waits == [7.0, 2.0, 11.0, 5.0, 5.0]
    assert len(shop.provider.jobs) == 1


def test_a_provider_that_stays_busy_has_sold_nothing(shop: Shop) -> None:
    shop.provider.faults["create"] = ["503"] * 10
    with pytest.raises(BusyError) as caught:
        shop.buy()
    assert isinstance(caught.value, TransientBackendError)
    assert shop.standings == []


@pytest.mark.parametrize(("fault", "error"), [("401", BackendMissingError), ("422", RefusedError)])
def test_a_request_that_is_refused_costs_nothing(shop: Shop, fault: str, error: type[Exception]) -> None:
    shop.provider.faults["create"] = [fault]
    with pytest.raises(error):
        shop.buy()
    assert (shop.standings, shop.desk.log) == ([], [])


@pytest.mark.parametrize("api", ["runway", "fal"])
@pytest.mark.parametrize("fault", ["500", "taken-500"])
def test_an_order_in_doubt_is_not_placed_again(api: str, fault: str, provider: Provider, tmp_path: Path) -> None:
    shop = Shop(api, provider, tmp_path)
    provider.faults["create"] = [fault]
    for _ in range(2):
        with pytest.raises(DoubtError) as caught:
            shop.buy()
    assert provider.count("create") == 1
    assert "models jobs --forget" in (caught.value.hint or "")
    # and once somebody has looked, it can be forgotten
    shop.book.drop(shop.book.all()[0])
    shop.buy()
    assert provider.count("create") == 2


@pytest.mark.parametrize("fault", ["500", "taken-500"])
def test_replicate_is_asked_what_it_took(fault: str, provider: Provider, tmp_path: Path) -> None:
    shop = Shop("replicate", provider, tmp_path)
    shop.clock.now = time.time()
    provider.faults["create"] = [fault]
    shop.buy()
    assert len(provider.jobs) == 1
    assert provider.count("create") == (2 if fault == "500" else 1)


@pytest.mark.parametrize("api", APIS)
def test_where_there_are_idempotency_keys_a_lost_answer_is_asked_for_again(
    api: str, provider: Provider, tmp_path: Path
) -> None:
    shop = Shop(api, provider, tmp_path, idempotency_header="Idempotency-Key")
    provider.keyed = "Idempotency-Key"
    provider.faults["create"] = ["taken-500"] * 4
    with pytest.raises(LostError):
        shop.buy()
    assert shop.standings == [Standing.INTENDED]
    shop.buy()
    assert (len(provider.jobs), provider.count("create")) == (1, 5)


def test_a_job_that_is_under_way_goes_on_in_another_process(shop: Shop) -> None:
    # given a worker that goes while it waits
    shop.provider.polls = 3
    waits = iter([None])

    def until_it_ends(_seconds: float) -> None:
        if next(waits, "gone") == "gone":
            raise KeyboardInterrupt

    shop.purchase._delivery._wait = until_it_ends
    with pytest.raises(KeyboardInterrupt):
        shop.buy()
    # when another one takes the task, here or, without the book, elsewhere
    for book in (shop.folder, None):
        other = Shop(shop.manifest.api, shop.provider, shop.folder)
        other.desk.log = list(shop.desk.log)
        if book is None:
            shutil.rmtree(shop.folder / "orders")
            shutil.rmtree(shop.folder / "index")
        other.buy()
    # then
    assert (shop.provider.count("create"), len(shop.provider.jobs)) == (1, 1)


def test_a_job_whose_event_cannot_be_written_is_asked_after_only_when_it_is(shop: Shop) -> None:
    # given a log that is away just after the job was bought
    tell = shop.desk.tell
    shop.desk.tell = lambda _order: (_ for _ in ()).throw(UnavailableError("no broker"))  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        shop.buy()
    assert (shop.provider.count("create"), shop.provider.count("status")) == (1, 0)
    # when it is back
    shop.desk.tell = tell  # type: ignore[method-assign]
    shop.buy()
    # then
    assert (shop.provider.count("create"), len(shop.desk.log)) == (1, 1)


def test_a_job_that_failed_is_told_with_its_reason_and_ordered_again_only_when_asked(shop: Shop) -> None:
    shop.provider.failure = "SAFETY.INPUT"
    with pytest.raises(JobFailedError, match=r"SAFETY\.INPUT"):
        shop.buy()
    assert (shop.provider.count("create"), shop.standings) == (1, [Standing.FAILED])
    shop.provider.failure = ""
    shop.buy()
    assert [order.attempt for order in shop.desk.log] == [1, 2]


def test_a_job_that_the_provider_has_forgotten_has_failed(shop: Shop) -> None:
    shop.provider.faults["status"] = ["404"]
    with pytest.raises(JobFailedError, match="404"):
        shop.buy()


def test_a_download_that_is_cut_is_fetched_again(shop: Shop, footage: bytes) -> None:
    shop.provider.faults["file"] = ["cut", "500", "cut"]
    made = shop.buy()
    assert shop.desk.blobs.path(made.name).read_bytes() == footage
    assert (shop.provider.count("file"), shop.provider.count("create")) == (4, 1)


def test_a_download_that_stays_cut_leaves_the_job_open(shop: Shop) -> None:
    shop.provider.faults["file"] = ["cut"] * 4
    with pytest.raises(TransientBackendError):
        shop.buy()
    assert shop.standings == [Standing.OPEN]
    shop.buy()
    assert shop.provider.count("create") == 1


def test_what_is_no_clip_is_not_taken_for_one(shop: Shop) -> None:
    shop.provider.faults["file"] = ["page"]
    with pytest.raises(JobFailedError, match="neither an image nor a clip"):
        shop.buy()


def test_a_late_clip_is_kept_and_used_the_next_time(shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    # given a job that takes longer than anybody waits
    shop.provider.polls = 1000
    with pytest.raises(LateError):
        shop.buy()
    assert shop.clock.now == NOON + shop.manifest.timeout_s
    assert shop.standings == [Standing.OPEN]
    # when it ends, and the late ones are asked after
    shop.provider.polls = 1
    config = Settings(data_dir=tmp_path)
    monkeypatch.setattr("gpu_consumers.hosted.late.hosted", lambda _config: {"hosted": shop.manifest})
    monkeypatch.setattr(Book, "of", lambda _name, _config: shop.book)
    assert collect(config, shop.desk, shop.clock.now + 1) == 1
    # then it is there, and costs nothing more
    shop.buy()
    assert (shop.provider.count("create"), shop.standings) == (1, [Standing.DONE])
    assert collect(config, shop.desk, shop.clock.now + 2) == 0
    # and what is long over is forgotten
    collect(config, shop.desk, shop.clock.now + config.cache_video_s + 1)
    assert shop.book.all() == []


def test_late_clips_are_asked_after_again_when_the_disk_failed_meanwhile(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a late job that is over, and a folder that cannot be read at the first look
    shop.provider.polls = 1000
    with pytest.raises(LateError):
        shop.buy()
    shop.provider.polls, stop, looks = 1, threading.Event(), iter([OSError(5, "Input/output error")])

    def look(config: Settings, shelf: Any) -> int:
        if error := next(looks, None):
            raise error
        stop.set()
        return collect(config, shelf, shop.clock.now + 1)

    (tmp_path / "hosted").mkdir(exist_ok=True)
    monkeypatch.setattr("gpu_consumers.hosted.late.EVERY_S", 0.01)
    monkeypatch.setattr("gpu_consumers.hosted.late.collect", look)
    monkeypatch.setattr("gpu_consumers.hosted.late.hosted", lambda _config: {"hosted": shop.manifest})
    monkeypatch.setattr(Book, "of", lambda _name, _config: shop.book)
    # when they are asked after until the end
    keep_collecting(Settings(data_dir=tmp_path), shop.desk, stop)
    # then it is there
    assert shop.standings == [Standing.DONE]


def test_what_somebody_still_waits_for_is_not_late() -> None:
    manifest = manifest_of("fal", Provider(b""), url=None)
    order = Order(
        key="k", provider="fal", model="m", price=1, asked_at=NOON, standing=Standing.OPEN, job="j", told=True
    )  # fmt: skip
    late = NOON + manifest.timeout_s + 1
    assert is_late(order, manifest, late)
    assert not is_late(order, manifest, late - 2)
    assert not is_late(order.model_copy(update={"told": False}), manifest, late)


def test_a_budget_is_not_exceeded_and_begins_anew_the_next_day(provider: Provider, tmp_path: Path) -> None:
    shop = Shop("fal", provider, tmp_path, budget_day=0.9)
    shop.buy()
    shop.buy(seed=8)
    with pytest.raises(BudgetError, match=r"0\.8 of today's 0\.9"):
        shop.buy(seed=9)
    assert len(provider.jobs) == 2
    shop.clock.now += 86_400
    shop.buy(seed=9)


def test_what_is_no_longer_kept_is_still_counted_on_its_day(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given clips that are kept for an hour, and a day's money that is spent
    shop, config = Shop("fal", provider, tmp_path, budget_day=0.5), Settings(data_dir=tmp_path, cache_video_s=3600)
    monkeypatch.setattr("gpu_consumers.hosted.late.hosted", lambda _config: {"hosted": shop.manifest})
    monkeypatch.setattr(Book, "of", lambda _name, _config: shop.book)
    shop.buy()
    # When the hour is over
    shop.clock.now += 7200
    collect(config, shop.desk, shop.clock.now)
    # Then there is no more to spend that day
    with pytest.raises(BudgetError):
        shop.buy(seed=9)


def test_jobs_under_way_are_limited_and_one_order_has_one_worker(shop: Shop) -> None:
    with shop.book.place(2), shop.book.place(2), pytest.raises(FullError, match="2 jobs"):
        shop.buy()
    with shop.book.alone(shop.purchase.key(ASKED)), pytest.raises(FullError, match="another worker"):
        shop.buy()
    assert shop.provider.jobs == {}
    shop.buy()


@pytest.mark.parametrize("api", ["replicate", "fal"])
def test_the_key_goes_to_no_other_machine(api: str, provider: Provider, tmp_path: Path) -> None:
    with provider_of(b"") as thief:
        provider.watch = f"{thief.base}/owner/app/requests/job-1/status"
        with pytest.raises(JobFailedError, match="another machine"):
            Shop(api, provider, tmp_path).buy()
        assert thief.asked == []


def test_progress_is_passed_on(provider: Provider, tmp_path: Path) -> None:
    shop = Shop("runway", provider, tmp_path)
    shop.buy()
    assert shop.heard == [0.5]


def test_keys_come_from_the_environment_or_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    monkeypatch.setenv("SWIPESTREAM_SECRETS_DIR", str(tmp_path))
    with pytest.raises(BackendMissingError, match="SOME_KEY"):
        secret("SOME_KEY")
    (tmp_path / "SOME_KEY").write_text("from a file\n")
    assert secret("SOME_KEY") == "from a file"
    monkeypatch.setenv("SOME_KEY", "from the environment")
    assert secret("SOME_KEY") == "from the environment"


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 10))))
def test_a_day_costs_what_its_orders_cost(orders: list[tuple[float, int]]) -> None:
    made = [Order(key="k", provider="p", model="m", price=p, asked_at=NOON + d * 86_400) for p, d in orders]
    assert spent(made, NOON) == pytest.approx(sum(p for p, d in orders if d == 0))


@given(st.one_of(st.text(max_size=40), st.integers(0, 10**12).map(str)))
def test_patience_is_bounded_whatever_is_asked_for(header: str) -> None:
    found = patience(header, NOON)
    assert found is None or 0 <= found <= LONGEST_WAIT_S


def test_patience_reads_dates() -> None:
    assert patience("Wed, 18 Nov 2026 12:00:30 GMT", 1_795_003_200.0) == pytest.approx(30.0)
