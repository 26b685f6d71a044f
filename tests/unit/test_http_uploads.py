"""`/v1/uploads`: real pictures and clips, what only says that it is one, limits, and whose they are."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from infra.auth.keys import root_key
from infra.auth.scopes import Scope
from infra.auth.tokens import TokenIssuer
from schemas import ids
from schemas.envelope import root
from schemas.projects import ProjectOpened
from schemas.uploads import MediaRemoved, MediaUploaded
from tests.unit.read_kit import Api, apply


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8)).save(file, kind, **options)
    return file.getvalue()


def clip(suffix: str = "mp4", codec: str = "libx264", frames: int = 24) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format={"mp4": "mp4", "mov": "mov", "webm": "webm"}[suffix]) as container:
        stream = container.add_stream(codec, rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 5, np.uint8))
            frame.pts, frame.time_base = number, Fraction(1, 12)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


async def send(api: Api, data: bytes, **headers: str) -> httpx.Response:
    return await api.post("/v1/uploads", content=data, headers=headers)


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (picture(), "image", "image/jpeg"), (picture("PNG"), "image", "image/png"),
        (picture("WEBP"), "image", "image/webp"), (clip(), "clip", "video/mp4"),
        (clip("mov"), "clip", "video/quicktime"), (clip("webm", "libvpx"), "clip", "video/webm"),
    ],
)  # fmt: skip
async def test_what_is_taken_is_looked_into_and_kept(api: Api, data: bytes, kind: str, media_type: str) -> None:
    # whatever the client says that it is
    answer = await send(api, data, **{"Content-Type": "text/html"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["kind"], told["media_type"], told["width"], told["height"]) == (kind, media_type, 64, 48)
    assert told["duration_ms"] == (2000 if kind == "clip" else 0) and told["size"] == len(data)
    assert (await api.get(told["url"])).content == data
    assert (await api.get(answer.headers["location"])).json() == told
    (event,) = api.publisher.of(MediaUploaded)
    assert event.artifact.size == len(data)


async def test_a_form_is_taken_too_and_the_name_of_the_file_is_kept_without_its_folders(api: Api) -> None:
    answer = await api.post("/v1/uploads", files={"file": ("../../etc/my cat.jpg", picture(), "image/gif")})
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "my cat.jpg" and answer.json()["media_type"] == "image/jpeg"
    for form in ({"data": {"other": "x"}}, {"files": {"other": ("a", picture())}}):
        refused = await api.post("/v1/uploads", **form)  # type: ignore[arg-type]
        assert refused.status_code in (415, 422)


async def test_a_picture_is_as_wide_as_it_is_seen(api: Api) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    told = (await send(api, picture(exif=exif))).json()
    assert (told["width"], told["height"]) == (48, 64)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415), (b"\xff", 415), (b"hello, this is a text and nothing else", 415),
        (b"<svg xmlns='x'></svg>" * 9, 415),
        (b"MZ" + bytes(100), 415), (picture("GIF"), 415), (picture()[:200], 422), (b"\xff\xd8\xff" + bytes(500), 422),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), 422), (clip()[:300], 422), (b"\x00\x00\x00\x18ftypisom" + bytes(300), 422),
        (b"\x1a\x45\xdf\xa3" + bytes(300), 422), (b"RIFF\x00\x00\x00\x00WEBP" + bytes(99), 422),
    ],
)  # fmt: skip
async def test_what_cannot_be_decoded_is_refused_and_nothing_of_it_stays(api: Api, data: bytes, status: int) -> None:
    answer = await send(api, data)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    folder = api.parts.settings.data_dir
    assert [path for path in folder.rglob("*") if path.is_file() and path.name != "api.key"] == []
    assert not api.publisher.sent


async def test_a_picture_bomb_is_refused(api: Api) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    assert (await send(api, bomb.getvalue())).status_code == 422


async def test_the_same_file_is_the_same_upload(api: Api) -> None:
    first, again = await send(api, picture()), await send(api, picture())
    assert first.json()["upload_id"] == again.json()["upload_id"]
    listed = (await api.get("/v1/uploads")).json()
    assert len(listed["uploads"]) == 1 and listed["used"] == len(picture())


@pytest.mark.parametrize("projected", [False, True])
async def test_what_is_deleted_is_gone_and_can_come_again(api: Api, projected: bool) -> None:
    one = (await send(api, picture())).json()
    assert (await api.request("DELETE", f"/v1/uploads/{one['upload_id']}")).status_code == 204
    if projected:
        apply(api.store, api.publisher.sent)
        api.parts.uploads = type(api.parts.uploads)(10)
    assert len(api.publisher.of(MediaRemoved)) == 1
    assert (await api.get(f"/v1/uploads/{one['upload_id']}")).status_code == 404
    assert (await api.get("/v1/uploads")).json()["used"] == one["size"]  # until its bytes may go
    # and it can come again
    assert (await send(api, picture())).status_code == 201
    assert (await api.get(one["url"])).status_code == 200


async def test_nobody_deletes_what_is_not_theirs(tmp_path: Path) -> None:
    api = Api(tmp_path / "b", auth="required")
    issuer = TokenIssuer(root_key(api.parts.settings))
    anna, bob = ({"Authorization": f"Bearer {issuer.issue(name, [Scope.CREATOR], 60)}"} for name in ("anna", "bob"))
    one, two = (await send(api, picture(), **anna)).json(), (await send(api, picture(), **bob)).json()
    assert one["upload_id"] != two["upload_id"]
    # given that bob can see and delete nothing of anna's
    assert (await api.get(f"/v1/uploads/{one['upload_id']}", headers=bob)).status_code == 404
    assert (await api.request("DELETE", f"/v1/uploads/{one['upload_id']}", headers=bob)).status_code == 404
    # when anna deletes hers, before any table knows of bob's
    assert (await api.request("DELETE", f"/v1/uploads/{one['upload_id']}", headers=anna)).status_code == 204
    # then bob's is still there
    assert (await api.get(two["url"])).content == picture()


async def test_a_video_that_was_downloaded_uploaded_and_deleted_is_still_served(api: Api, tmp_path: Path) -> None:
    # Given a published video, whose file anybody may have
    made = tmp_path / "made.mp4"
    made.write_bytes(clip())
    video = api.media.put_file(made, "mp4")
    # When a viewer uploads that file, and deletes the upload
    one = (await send(api, made.read_bytes())).json()
    assert (await api.request("DELETE", f"/v1/uploads/{one['upload_id']}")).status_code == 204
    # Then everybody else still sees it
    assert (await api.get(f"/media/{video.name}")).content == made.read_bytes()


async def test_files_and_all_of_them_together_have_a_limit(tmp_path: Path) -> None:
    api = Api(tmp_path, upload_mb=1, upload_quota_mb=1)
    noise = np.random.default_rng(1).integers(0, 255, (480, 480, 3), np.uint8)

    def noisy(shade: int) -> bytes:
        file = io.BytesIO()
        Image.fromarray(noise ^ np.uint8(shade)).save(file, "PNG")
        return file.getvalue()

    assert 600_000 < len(noisy(0)) < 1_000_000
    one = await send(api, noisy(0))
    assert one.status_code == 201
    over = await send(api, noisy(1))
    assert over.status_code == 413 and over.json()["type"].endswith(":quota")
    # what is deleted lies there for a while, and counts
    assert (await api.request("DELETE", f"/v1/uploads/{one.json()['upload_id']}")).status_code == 204
    assert (await send(api, noisy(1))).status_code == 413
    assert (await send(api, noisy(0) + bytes(500_000))).status_code == 413

    async def unannounced() -> Any:
        for _ in range(40):
            yield noisy(0)[:50_000]

    assert (await api.post("/v1/uploads", content=unannounced())).status_code == 413
    # other addresses take no such bodies
    assert (await api.post("/v1/prompts", content=noisy(0))).status_code == 413


async def test_an_upload_is_shown_in_the_scenes_of_a_project(api: Api) -> None:
    one = (await send(api, picture())).json()
    footage = [{"upload_id": one["upload_id"], "scene_number": 2, "move": "in"}]
    answer = await api.post("/v1/projects", json={"text": "x", "footage": footage})
    assert answer.status_code == 201
    (opened,) = api.publisher.of(ProjectOpened)
    (shown,) = opened.idea.footage
    assert (shown.kind, shown.scene_number, shown.move, shown.artifact.size) == ("image", 2, "in", len(picture()))
    missing = [{"upload_id": ids.fresh()}]
    assert (await api.post("/v1/projects", json={"text": "x", "footage": missing})).status_code == 404


async def test_a_form_is_one_however_its_type_is_written(api: Api) -> None:
    # given a form whose type is written with capitals (RFC 9110, section 8.3.1)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = head + picture() + b"\r\n--x--\r\n"
    # when, then
    answer = await api.post("/v1/uploads", content=body, headers={"Content-Type": "Multipart/Form-Data; boundary=x"})
    assert answer.status_code == 201 and answer.json()["name"] == "a.jpg"


async def test_what_another_process_took_in_later_counts(api: Api) -> None:
    # given an upload that was deleted here
    first = (await send(api, picture())).json()
    assert (await api.request("DELETE", f"/v1/uploads/{first['upload_id']}")).status_code == 204
    deleted = api.publisher.of(MediaRemoved)[0]
    # when the same file is uploaded again at another process
    again = api.publisher.of(MediaUploaded)[0].model_copy(update={"ts_us": deleted.ts_us + 1})
    apply(api.store, [root(again, source="/test")])
    # then it is there, here too; and once it is deleted there, it is not
    assert (await api.get(f"/v1/uploads/{first['upload_id']}")).status_code == 200
    apply(api.store, [root(deleted.model_copy(update={"ts_us": again.ts_us + 1}), source="/test")])
    assert (await api.get(f"/v1/uploads/{first['upload_id']}")).status_code == 404


async def test_what_was_deleted_by_a_clock_that_is_ahead_can_come_again_at_once(api: Api) -> None:
    # given an upload that was deleted at a process whose clock is an hour ahead
    first = (await send(api, picture())).json()
    taken = api.publisher.of(MediaUploaded)[0]
    gone = MediaRemoved(
        upload_id=taken.upload_id, viewer_id=taken.viewer_id, ts_us=taken.ts_us + 3_600_000_000,
        sha256=taken.artifact.sha256,
    )  # fmt: skip
    apply(api.store, [*api.publisher.sent, root(gone, source="/test")])
    assert (await api.get(f"/v1/uploads/{first['upload_id']}")).status_code == 404
    # when it is sent again here
    assert (await send(api, picture())).status_code == 201
    # then it is there
    assert (await api.get(f"/v1/uploads/{first['upload_id']}")).status_code == 200
    assert api.publisher.of(MediaUploaded)[1].ts_us == gone.ts_us + 1
