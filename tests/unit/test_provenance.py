"""Content credentials: they say what made the file, hold for that file alone, and are the same for the same file."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from typer.testing import CliRunner

from gpu_consumers.assembly.gates import faststart
from gpu_consumers.assembly.preview import write_preview
from gpu_consumers.provenance.certificates import Identity, development, identity
from gpu_consumers.provenance.manifest import Made, SceneMade, manifest
from gpu_consumers.provenance.sign import resealed, signed
from gpu_consumers.provenance.verify import verify
from infra.cli import main
from infra.errors import BadInputError, ConfigurationError
from infra.settings import Settings
from tests.unit.picture_kit import small_clip

SCENE = SceneMade(scene_number=1, backend="procedural", model="procedural", look="mesh", seed=7, code="1.0")
MADE = Made(
    video_id="37350e37-bfa5-5879-adb4-6707eddf8208", flavor="default", asked_at="2026-11-21T12:00:00+00:00", code="1.0",
    archetype="explainer", language="en", scenes=(SCENE,),
)  # fmt: skip


@pytest.fixture(scope="module")
def who(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return development(tmp_path_factory.mktemp("credentials"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return small_clip(tmp_path / "video.mp4", 20)


def sign(video: Path, who: Identity, name: str = "signed.mp4", about: Made = MADE) -> Path:
    out = video.with_name(name)
    content = hashlib.sha256(video.read_bytes()).hexdigest()
    signed(video, manifest(about, title="Cats", version="1.0", content=content), who, out)
    return out


def test_it_says_who_and_what_and_when(video: Path, who: Identity) -> None:
    found = verify(sign(video, who))
    assert (found.state, found.problems, found.made, found.title) == ("valid", (), MADE, "Cats")
    assert (found.signer, found.algorithm, found.development, found.trusted) == (
        "swipestream signer", "Ed25519", True, False,
    )  # fmt: skip


def test_equal_files_are_signed_to_equal_bytes(video: Path, who: Identity) -> None:
    first, second = (sign(video, who, name).read_bytes() for name in ("a.mp4", "b.mp4"))
    assert first == second
    other = sign(video, who, "c.mp4", MADE.model_copy(update={"flavor": "other"})).read_bytes()
    assert other != first


def test_a_signed_file_plays_from_its_first_byte(video: Path, who: Identity) -> None:
    write_preview(video, video.with_name("front.mp4"))
    assert list(faststart(sign(video.with_name("front.mp4"), who))) == []


@pytest.mark.parametrize("place", ["picture", "words", "signature"])
def test_one_changed_bit_is_seen(video: Path, who: Identity, place: str) -> None:
    path = sign(video, who)
    data = bytearray(path.read_bytes())
    at = {"picture": len(data) - 400, "words": data.index(b"explainer"), "signature": data.index(b"moov") - 12}[place]
    data[at] ^= 1
    path.write_bytes(data)
    found = verify(path)
    assert found.state == "tampered"
    assert found.problems


def test_credentials_of_another_file_do_not_hold(video: Path, who: Identity, tmp_path: Path) -> None:
    # given two signed files of the same shape
    own = sign(video, who).read_bytes()
    other_video = small_clip(tmp_path / "other.mp4", 20, moving=False)
    other = sign(other_video, who, "other-signed.mp4").read_bytes()
    # when the credentials of one are put before the pictures of the other
    mixed = tmp_path / "mixed.mp4"
    mixed.write_bytes(own[: own.index(b"moov") - 4] + other[other.index(b"moov") - 4 :])
    # then
    assert verify(mixed).state == "tampered"


def test_what_is_not_signed_is_told_from_what_was_changed(video: Path, tmp_path: Path) -> None:
    assert verify(video).state == "unsigned"
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(BadInputError):
        verify(tmp_path / "note.txt")
    with pytest.raises(BadInputError):
        verify(tmp_path / "gone.mp4")


def test_the_development_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first, again = development(tmp_path / "c"), development(tmp_path / "c")
    assert first.chain == again.chain
    assert oct((tmp_path / "c" / "development.key").stat().st_mode & 0o777) == "0o600"
    assert oct((tmp_path / "c").stat().st_mode & 0o777) == "0o700"


def own(folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Settings:
    """A key of one's own; the chain is a development one, since only the key is looked at here."""
    development(folder / "c")
    path = folder / "own.key"
    pem, raw = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, raw, serialization.NoEncryption()))
    return Settings(
        data_dir=folder, credentials_certificate=folder / "c" / "development.pem", credentials_key=path
    )  # fmt: skip


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_ecdsa_keys_sign_the_same_bytes_alike(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    found = identity(own(tmp_path, key))
    assert found.sign(b"words") == found.sign(b"words")
    assert len(found.sign(b"words")) == 2 * ((curve.key_size + 7) // 8)
    assert found.algorithm == {256: "ES256", 384: "ES384", 521: "ES512"}[curve.key_size]


def test_other_keys_are_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        identity(own(tmp_path, rsa.generate_private_key(65537, 2048)))
    assert "Ed25519" in (caught.value.hint or "")


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="both"):
        identity(Settings(data_dir=tmp_path, credentials_key=tmp_path / "key"))


def test_a_file_that_is_not_built_as_expected_is_not_resealed(who: Identity) -> None:
    with pytest.raises(ValueError, match="not built as expected"):
        resealed(b"nothing of the kind", b"words", b"signature", who.sign)


def test_the_command_tells_people_and_scripts(video: Path, who: Identity) -> None:
    main._add_commands(main.app)
    path = sign(video, who)
    runner = CliRunner(env={**os.environ, "COLUMNS": "200"})
    told = runner.invoke(main.app, ["verify", str(path)])
    assert told.exit_code == 0, told.output
    assert "development certificate" in told.output
    assert MADE.video_id in told.output
    said = json.loads(runner.invoke(main.app, ["verify", str(path), "--json"]).stdout)
    assert (said["state"], said["made"]["scenes"][0]["seed"]) == ("valid", 7)
    assert runner.invoke(main.app, ["verify", str(video)]).exit_code == 1
