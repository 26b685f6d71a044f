"""Stock libraries, asked for real over HTTP: what they answer is shown and credited; what goes wrong is told, and the
scene has its look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from gpu_consumers.footage.find import footage_for
from gpu_consumers.footage.query import query
from gpu_consumers.footage.sniff import sniff
from gpu_consumers.workshop import Workshop
from infra.flavors import Flavor, StockSpec
from infra.settings import Settings
from infra.storage.artifacts import LocalArtifactIndex
from infra.storage.blobs import LocalBlobStore
from schemas.footage import FootageKind, FootageOrigin
from schemas.scripts import Scene
from schemas.values import Format
from tests.unit.footage_kit import Library, clip, kept, photo, stock_library

SCENE = Scene(scene_number=1, beat="turn", narration="A cat drinks coffee.", visuals="a cat", duration_s=2)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with stock_library(clip(tmp_path)) as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        settings=Settings(data_dir=tmp_path, pexels_key=SecretStr("pk"), pixabay_key=SecretStr("xk")),
        blobs=LocalBlobStore(tmp_path / "media"), index=LocalArtifactIndex(tmp_path / "index"),
        producer=None, name="test",  # type: ignore[arg-type]
    )  # fmt: skip


def flavor(library: Library, *providers: str, kind: str = "clip", **changes: object) -> Flavor:
    limit = 1.5 if library.fault == "slow" else 20
    stock = tuple(
        StockSpec(provider=name, url=library.base, kind=kind, timeout_s=limit, max_mb=1)  # type: ignore[arg-type]
        for name in providers or ("pexels",)
    )
    return Flavor(name="default", stock=stock, **changes)  # type: ignore[arg-type]


def test_pexels_answers_with_the_file_that_fits_and_is_credited(library: Library, shop: Workshop) -> None:
    found = footage_for(shop, flavor(library), SCENE, "Why do cats purr?", 0)
    assert found.fallbacks == ()
    footage = found.footage
    assert footage is not None
    assert (footage.kind, footage.origin) == (FootageKind.CLIP, FootageOrigin.STOCK)
    assert (footage.credit, footage.licence) == ("Ada / Pexels", "Pexels License")
    assert shop.blobs.path(footage.artifact.name).read_bytes() == library.file
    (search, words, key), (file, _, key_of_file) = library.asked
    assert (search, words["query"], words["orientation"], key) == ("/videos/search", "cats purr cat", "portrait", "pk")
    assert (file, key_of_file) == ("/files/0-1080", "")


def test_pixabay_answers_too(library: Library, shop: Workshop) -> None:
    found = footage_for(shop, flavor(library, "pixabay", format=Format.LANDSCAPE), SCENE, "Cats", 0).footage
    assert found is not None
    assert found.credit == "Bo / Pixabay"
    assert [path for path, _, _ in library.asked] == ["/api/videos/", "/files/m"]
    assert library.asked[0][1]["key"] == "xk"


@pytest.mark.parametrize("provider", ["pexels", "pixabay"])
def test_images_are_found_where_the_flavor_wants_them(library: Library, shop: Workshop, provider: str) -> None:
    library.file = photo()
    found = footage_for(shop, flavor(library, provider, kind="image"), SCENE, "Cats", 0).footage
    assert found is not None
    assert (found.kind, found.artifact.suffix) == (FootageKind.IMAGE, "jpg")


def test_the_same_scene_asks_once(library: Library, shop: Workshop) -> None:
    first, again = (footage_for(shop, flavor(library), SCENE, "Cats", 5) for _ in range(2))
    assert first == again
    assert len(library.asked) == 2


def test_scenes_of_one_query_show_different_things(library: Library, shop: Workshop) -> None:
    for seed in range(3):
        footage_for(shop, flavor(library), SCENE, "Cats", seed)
    files = [path for path, _, _ in library.asked if path.startswith("/files/")]
    assert len(set(files)) == 3


@pytest.mark.parametrize("fault", ["429", "500", "slow"])
def test_a_library_that_is_busy_is_asked_once_more(library: Library, shop: Workshop, fault: str) -> None:
    library.fault, library.failures = fault, 1
    assert footage_for(shop, flavor(library), SCENE, "Cats", 0).footage is not None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "429"), ("500", "500"), ("401", "401"), ("slow", "in time"), ("empty", "nothing for"),
        ("html", "JSON"), ("strange", "unknown way"),
    ],
)  # fmt: skip
def test_a_library_that_fails_is_told_and_the_scene_goes_on(
    library: Library, shop: Workshop, fault: str, reason: str
) -> None:
    library.fault = fault
    found = footage_for(shop, flavor(library), SCENE, "Cats", 0)
    assert found.footage is None
    (told,) = found.fallbacks
    assert (told.backend, reason in told.reason) == ("pexels", True), told
    assert "pk" not in told.reason.split()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("oversized", "more than 1 MiB"), ("lies", "more than 1 MiB"), ("page", "neither an image nor a clip"),
        ("playlist", "neither an image nor a clip"), ("404", "404"), ("cut", "did not answer"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_taken_leave_nothing_behind(
    library: Library, shop: Workshop, fault: str, reason: str
) -> None:
    library.file_fault = fault
    found = footage_for(shop, flavor(library), SCENE, "Cats", 0)
    assert found.footage is None
    assert reason in found.fallbacks[0].reason
    assert not list(shop.settings.media_dir.rglob("*.mp4"))


def test_a_broken_file_is_passed_over_for_the_next_one(library: Library, shop: Workshop) -> None:
    library.file_fault, library.failures = "page", 2
    assert footage_for(shop, flavor(library), SCENE, "Cats", 0).footage is not None


def test_the_next_library_is_asked_where_one_fails(library: Library, shop: Workshop) -> None:
    library.fault, library.failures = "401", 1
    found = footage_for(shop, flavor(library, "pexels", "pixabay"), SCENE, "Cats", 0)
    assert found.footage is not None
    assert found.footage.credit.endswith("Pixabay")
    assert [each.backend for each in found.fallbacks] == ["pexels"]


def test_without_a_key_nobody_is_asked(library: Library, shop: Workshop, tmp_path: Path) -> None:
    bare = replace(shop, settings=Settings(data_dir=tmp_path))
    found = footage_for(bare, flavor(library), SCENE, "Cats", 0)
    assert (found.footage, library.asked) == (None, [])
    assert "SWIPESTREAM_PEXELS_KEY" in found.fallbacks[0].reason


def test_footage_of_ones_own_that_is_gone_is_told(shop: Workshop, library: Library, tmp_path: Path) -> None:
    own, _ = kept(tmp_path, photo(), "jpg")
    found = footage_for(shop, flavor(library), SCENE.model_copy(update={"footage": own}), "Cats", 0)
    assert (found.footage, library.asked) == (None, [])
    assert found.fallbacks[0].backend == "footage"


@pytest.mark.parametrize(
    ("title", "narration", "asked"),
    [
        ("Why do cats purr?", "A cat drinks coffee.", "cats purr cat"),
        ("5 facts about the deep sea", "What is it?", "deep sea"),
        ("How to do it", "", "abstract background"),
    ],
)
def test_what_is_asked_for_can_be_seen(title: str, narration: str, asked: str) -> None:
    scene = SCENE.model_copy(update={"narration": narration or "so", "visuals": "…"})
    assert query(scene, title) == asked


def test_only_what_can_be_shown_is_known() -> None:
    known = {photo()[:16]: "jpg", photo(kind="PNG")[:16]: "png", photo(kind="WEBP")[:16]: "webp"}
    assert {head: found.suffix for head in known if (found := sniff(head))} == known
    assert [sniff(head) for head in (b"", b"#EXTM3U\n", b"<svg xmlns=", b"GIF89a" + bytes(10), b"RIFF1234WAVE")] == [
        None
    ] * 5
