"""Checking credentials: whether the file is as it was signed, by whom, and what they say of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gpu_consumers.provenance.certificates import DEVELOPMENT
from gpu_consumers.provenance.manifest import ASSERTION, Made
from infra.errors import BadInputError

State = Literal["valid", "tampered", "unsigned"]
#: What a reader says of certificates that no list of trust names: true of every certificate here unless it is bought.
_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found. `trusted`: the certificate stands on a list of trust."""

    state: State
    problems: tuple[str, ...] = ()
    signer: str = ""
    issuer: str = ""
    algorithm: str = ""
    development: bool = False
    trusted: bool = False
    title: str = ""
    made: Made | None = None


def verify(path: Path) -> Verdict:
    """Raises `BadInputError` for a file that is no video that could carry credentials."""
    import c2pa

    try:
        with path.open("rb") as file, c2pa.Reader("video/mp4", file) as reader:
            return _verdict(json.loads(reader.json()))
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except c2pa.C2paError as error:
        return _unread(path, str(error))


def _unread(path: Path, error: str) -> Verdict:
    if error.startswith("ManifestNotFound"):
        return Verdict(state="unsigned", problems=("It carries no content credentials.",))
    if path.read_bytes()[4:8] != b"ftyp":
        raise BadInputError(f"{path} is no MP4 file.")
    return Verdict(state="tampered", problems=(f"The credentials cannot be read: {error}",))


def _verdict(found: dict[str, Any]) -> Verdict:
    failures = found.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    problems = tuple(_told(each) for each in failures if each["code"] != _UNTRUSTED)
    manifest = found["manifests"][found["active_manifest"]]
    by = manifest.get("signature_info", {})
    issuer = str(by.get("issuer", ""))
    return Verdict(
        state="tampered" if problems else "valid",
        problems=problems,
        signer=str(by.get("common_name", "")),
        issuer=issuer,
        algorithm=str(by.get("alg", "")),
        development=issuer == DEVELOPMENT,
        trusted=found.get("validation_state") == "Trusted",
        title=str(manifest.get("title", "")),
        made=_made(manifest),
    )


def _told(failure: dict[str, Any]) -> str:
    return f"{failure['code']}: {failure.get('explanation', '')}"


def _made(manifest: dict[str, Any]) -> Made | None:
    said = (each["data"] for each in manifest.get("assertions", ()) if each["label"].startswith(ASSERTION))
    try:
        return next((Made.model_validate(data) for data in said), None)
    except ValueError:
        return None
