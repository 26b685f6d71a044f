"""Stock libraries: where footage may be found, behind one port. What they are asked and what they answer, no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gpu_consumers.footage.download import Fetcher
from gpu_consumers.footage.errors import FootageError
from infra.flavors import StockSpec
from infra.settings import Settings
from schemas.footage import FootageKind
from schemas.values import Format


@dataclass(frozen=True, kw_only=True)
class Found:
    """Something that a library offers."""

    address: str  #: of the file
    width: int
    height: int
    credit: str
    licence: str
    page: str


class StockLibrary(Protocol):
    """Answers with what it has, the best first."""

    @property
    def name(self) -> str: ...

    def search(self, query: str, kind: FootageKind, shape: Format) -> Sequence[Found]:
        """Raises `FootageError`; `BusyError` when asking again may help."""
        ...


@dataclass(frozen=True)
class Pexels:
    """Pexels, API v1 (photos and videos; the key goes into a header)."""

    fetcher: Fetcher
    key: str
    base: str = "https://api.pexels.com"
    name: str = "pexels"

    def search(self, query: str, kind: FootageKind, shape: Format) -> Sequence[Found]:
        path = "/videos/search" if kind is FootageKind.CLIP else "/v1/search"
        words = {"query": query, "orientation": _PEXELS_SHAPES[shape], "per_page": "15"}
        answer = self.fetcher.json(f"{self.base}{path}", words, {"Authorization": self.key})
        with _answers("Pexels"):
            if kind is FootageKind.CLIP:
                return [self._video(hit, shape) for hit in answer["videos"] if hit.get("video_files")]
            return [self._photo(hit) for hit in answer["photos"]]

    def _video(self, hit: Mapping[str, Any], shape: Format) -> Found:
        files = [each for each in hit["video_files"] if each.get("width") and each.get("height")]
        best = min(files, key=lambda each: _misfit(each["width"], each["height"], shape))
        return self._found(hit, best["link"], best["width"], best["height"], hit["user"]["name"])

    def _photo(self, hit: Mapping[str, Any]) -> Found:
        return self._found(hit, hit["src"]["large2x"], hit["width"], hit["height"], hit["photographer"])

    def _found(self, hit: Mapping[str, Any], address: str, width: int, height: int, by: str) -> Found:
        credit = f"{by} / Pexels"
        return Found(
            address=address, width=width, height=height, credit=credit, licence="Pexels License", page=hit["url"]
        )


@dataclass(frozen=True)
class Pixabay:
    """Pixabay's API (the key goes into the query)."""

    fetcher: Fetcher
    key: str
    base: str = "https://pixabay.com"
    name: str = "pixabay"

    def search(self, query: str, kind: FootageKind, shape: Format) -> Sequence[Found]:
        path = "/api/videos/" if kind is FootageKind.CLIP else "/api/"
        words = {"key": self.key, "q": query[:100], "per_page": "15", "safesearch": "true"}
        if kind is FootageKind.IMAGE:
            words |= {"image_type": "photo", "orientation": "vertical" if shape is Format.PORTRAIT else "horizontal"}
        answer = self.fetcher.json(f"{self.base}{path}", words, {})
        with _answers("Pixabay"):
            make = self._video if kind is FootageKind.CLIP else self._photo
            return [make(hit, shape) for hit in answer["hits"]]

    def _video(self, hit: Mapping[str, Any], shape: Format) -> Found:
        files = [each for each in hit["videos"].values() if each.get("url") and each.get("width")]
        best = min(files, key=lambda each: _misfit(each["width"], each["height"], shape))
        return self._found(hit, best["url"], best["width"], best["height"])

    def _photo(self, hit: Mapping[str, Any], _shape: Format) -> Found:
        return self._found(hit, hit["largeImageURL"], hit["imageWidth"], hit["imageHeight"])

    def _found(self, hit: Mapping[str, Any], address: str, width: int, height: int) -> Found:
        credit = f"{hit['user']} / Pixabay"
        return Found(
            address=address,
            width=width,
            height=height,
            credit=credit,
            licence="Pixabay Content License",
            page=hit["pageURL"],
        )


_PEXELS_SHAPES = {Format.PORTRAIT: "portrait", Format.LANDSCAPE: "landscape", Format.SQUARE: "square"}


def library(spec: StockSpec, fetcher: Fetcher, settings: Settings) -> StockLibrary:
    """The library of a flavor's entry. Raises `FootageError` where its key is not set."""
    pexels = spec.provider == "pexels"
    key = (settings.pexels_key if pexels else settings.pixabay_key).get_secret_value()
    if not key:
        raise FootageError(f"there is no key for {spec.provider}: set SWIPESTREAM_{spec.provider.upper()}_KEY")
    place = {"base": spec.url.rstrip("/")} if spec.url else {}
    return Pexels(fetcher, key, **place) if pexels else Pixabay(fetcher, key, **place)


def _misfit(width: int, height: int, shape: Format) -> float:
    """How far a file is from filling the picture without waste: too small is worse than too large."""
    wanted = shape.size
    scale = min(width / wanted[0], height / wanted[1])
    return (1 - scale) * 3 if scale < 1 else scale - 1


class _answers:  # noqa: N801 - reads as a statement
    """What a library sends may have any shape."""

    def __init__(self, library: str) -> None:
        self._library = library

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, KeyError | TypeError | ValueError | AttributeError | IndexError):
            raise FootageError(f"{self._library} answered in an unknown way ({error!r})") from error
