"""`GET /media/{name}`: whole files, pieces of files, and names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.read_kit import Api

BYTES = bytes(range(256)) * 400


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.fixture
def path(api: Api) -> str:
    return f"/media/{api.media.put_bytes(BYTES, 'mp4').name}"


async def test_a_file_is_served_whole_and_for_ever(api: Api, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 200 and answer.content == BYTES
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["accept-ranges"] == "bytes" and answer.headers["etag"] == f'"{path[7:]}"'


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(BYTES) - 1),
        ("bytes=-100", len(BYTES) - 100, len(BYTES) - 1),
        ("bytes=0-999999999", 0, len(BYTES) - 1),
        (f"bytes={len(BYTES) - 1}-", len(BYTES) - 1, len(BYTES) - 1),
        ("bytes=-999999999", 0, len(BYTES) - 1),
    ],
)
async def test_a_piece_is_served(api: Api, path: str, asked: str, first: int, last: int) -> None:
    answer = await api.get(path, headers={"Range": asked})
    assert answer.content == BYTES[first : last + 1]
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(BYTES)}"
    assert int(answer.headers["content-length"]) == last - first + 1


@pytest.mark.parametrize("asked", [f"bytes={len(BYTES)}-", "bytes=999999999-", "bytes=-0", "bytes=5-2"])
async def test_a_piece_that_is_not_there_is_a_416(api: Api, path: str, asked: str) -> None:
    answer = await api.get(path, headers={"Range": asked})
    assert answer.status_code == 416 and answer.headers["content-range"] == f"bytes */{len(BYTES)}"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "x" * 500,
        f"bytes={'9' * 5000}-", f"bytes=0-{'9' * 5000}",
    ],
)  # fmt: skip
async def test_a_range_that_is_not_understood_is_ignored(api: Api, path: str, asked: str) -> None:
    answer = await api.get(path, headers={"Range": asked})
    assert answer.status_code == 200 and answer.content == BYTES


async def test_if_range_gives_the_piece_only_of_the_same_file(api: Api, path: str) -> None:
    etag = (await api.get(path)).headers["etag"]
    same = await api.get(path, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = await api.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    beyond = await api.get(path, headers={"Range": "bytes=999999999-", "If-Range": '"other"'})
    assert [answer.status_code for answer in (same, other, beyond)] == [206, 200, 200]


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"x", {}', "*"])
async def test_who_has_it_already_is_told_so(api: Api, path: str, sent: str) -> None:
    etag = (await api.get(path)).headers["etag"]
    answer = await api.get(path, headers={"If-None-Match": sent.format(etag)})
    assert answer.status_code == 304 and not answer.content and answer.headers["etag"] == etag


async def test_head_tells_the_size(api: Api, path: str) -> None:
    answer = await api.request("HEAD", path)
    assert answer.status_code == 200 and not answer.content
    assert int(answer.headers["content-length"]) == len(BYTES)


@pytest.mark.parametrize(
    "name",
    ["x", "0" * 64 + ".mp4", "..%2f..%2fetc%2fpasswd", "../pyproject.toml", "%00", "a" * 64, "a" * 64 + ".MP4", "."],
)
async def test_a_name_that_is_not_held_is_a_404(api: Api, name: str) -> None:
    answer = await api.get(f"/media/{name}")
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("wide", ["a\uff02; filename=\uff02b.exe", "..\uff0f..\uff0fa\uff3cb", "\uff05\uff1a\uff1f"])
async def test_no_name_ends_the_header_that_tells_it(tmp_path: Path, wide: str) -> None:
    # given letters that are quotes, slashes and the like once they are ASCII
    api = Api(tmp_path)
    put = api.media.put_bytes(b"video", "mp4")
    # when a file is saved under them
    told = (await api.get(f"/media/{put.name}", params={"filename": wide})).headers["content-disposition"]
    # then they are none
    plain = told.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")[0]
    assert plain.endswith(".mp4") and not set(plain) & set('"/\\:?%')
