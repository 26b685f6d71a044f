"""`swipestream models …`: fetching from a hub (a real client, a hub of our own on loopback), checking, trying out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.models.pipelines_kit import save, write_manifest

pytestmark = pytest.mark.timeout(900)
COMMIT = "1" * 40


@dataclass
class Hub:
    """The part of the hub's API that a fetch uses, over one folder. `cut` closes the connection in the middle of it."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    gated: bool = False
    cut: str = ""

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(save("tiny-ltx", tmp_path / "hub"))
    (made.folder / "transformer/old.bin").write_bytes(b"pickled")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/models/tiny/ltx"):
                return self._json()
            name = path.removeprefix(f"/tiny/ltx/resolve/{COMMIT}/")
            if name == path or not (made.folder / name).is_file():
                return self._say(404, b"", {"X-Error-Code": "RepoNotFound"})
            self._file(name)

        def _json(self) -> None:
            siblings = [{"rfilename": name} for name in made.files()]
            told = {"id": "tiny/ltx", "sha": COMMIT, "siblings": siblings, "private": False, "gated": False}
            if made.gated:
                return self._say(403, b"", {"X-Error-Code": "GatedRepo"})
            self._say(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

        def _file(self, name: str) -> None:
            data = (made.folder / name).read_bytes()
            if self.command == "GET":
                made.asked.append(name)
            headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
            if name == made.cut and self.command == "GET":
                self.close_connection = True
                self._head(200, len(data), headers)
                self.wfile.write(data[: len(data) // 2])
                return
            self._say(200, data, headers)

        def _head(self, status: int, size: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(size), **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def _say(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self._head(status, len(data), headers)
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


class Cli:
    """The command line in a process of its own, over its own data and models."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self.data = folder / "data"
        write_manifest("tiny-ltx", folder, folder / "models")
        place = folder / "models/tiny-ltx/model.yaml"
        told = yaml.safe_load(place.read_text())
        del told["folder"]
        place.write_text(yaml.safe_dump(told | {"repo": "tiny/ltx", "revision": COMMIT}))
        self.manifest = place
        self.env = os.environ | {
            "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "SWIPESTREAM_DATA_DIR": str(self.data), "SWIPESTREAM_DEVICE": "cpu",
            "SWIPESTREAM_MODEL_DIRS": json.dumps([str(folder / "models")]), "OMP_NUM_THREADS": "1",
        }  # fmt: skip

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "infra.cli", "models", *words]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def cli(hub: Hub, tmp_path: Path) -> Cli:
    return Cli(tmp_path, hub)


def test_weights_are_fetched_without_pickles_and_the_model_then_works(cli: Cli, hub: Hub) -> None:
    # given a model without weights
    listed = {row["name"]: row for row in json.loads(cli("list", "--json").stdout)}
    assert listed["tiny-ltx"]["weights"] is None
    lacking = cli("check", "tiny-ltx")
    assert lacking.returncode == 1 and "swipestream models pull tiny-ltx" in lacking.stdout
    # when they are fetched
    pulled = cli("pull", "tiny-ltx")
    assert pulled.returncode == 0, pulled.stderr
    # then it is told at which commit, now and later
    assert f"commit {COMMIT}" in pulled.stdout
    listed = {row["name"]: row for row in json.loads(cli("list", "--json").stdout)}
    assert listed["tiny-ltx"]["commit"] == COMMIT
    # and they are whole, without what was pickled, and the model makes a clip
    folder = cli.data / "weights" / "tiny-ltx"
    assert not list(folder.rglob("*.bin")) and (folder / "model_index.json").is_file()
    assert cli("check", "tiny-ltx").returncode == 0
    tried = cli("warm", "tiny-ltx", "--json")
    assert tried.returncode == 0, tried.stderr
    (shape,) = json.loads(tried.stdout)
    assert shape["work"]["step_s"] > 0 and shape["device_s"] > 0


def test_a_fetch_that_was_cut_off_says_how_to_go_on_and_goes_on(cli: Cli, hub: Hub) -> None:
    hub.cut = "transformer/diffusion_pytorch_model.safetensors"
    first = cli("pull", "tiny-ltx")
    assert first.returncode != 0 and "swipestream models pull tiny-ltx" in first.stderr
    fetched, hub.cut = set(hub.asked), ""
    hub.asked.clear()
    assert cli("pull", "tiny-ltx").returncode == 0
    # what was whole is not fetched again
    assert set(hub.asked) < fetched | {"transformer/diffusion_pytorch_model.safetensors"}


def test_without_a_commit_nothing_is_fetched_and_the_newest_is_told(cli: Cli, hub: Hub) -> None:
    # given a manifest that names a repository and no commit
    told = yaml.safe_load(cli.manifest.read_text())
    cli.manifest.write_text(yaml.safe_dump({name: value for name, value in told.items() if name != "revision"}))
    refused = cli("pull", "tiny-ltx")
    assert refused.returncode == 1 and "names no commit of tiny/ltx" in refused.stderr
    assert f"--revision {COMMIT} (the newest now)" in " ".join(refused.stderr.split()) and not hub.asked
    assert "is no commit" in cli("pull", "tiny-ltx", "--revision", "main").stderr and not hub.asked
    # when it is named, then it is fetched; and not taken for what another commit holds
    assert cli("pull", "tiny-ltx", "--revision", COMMIT).returncode == 0
    assert cli("check", "tiny-ltx").returncode == 0
    listed = {row["name"]: row for row in json.loads(cli("list", "--json").stdout)}
    assert listed["tiny-ltx"]["commit"] == COMMIT
    cli.manifest.write_text(yaml.safe_dump(told | {"revision": "f" * 40}))
    assert cli("check", "tiny-ltx").returncode == 1


def test_styles_are_fetched_with_the_model(cli: Cli, hub: Hub) -> None:
    told = yaml.safe_load(cli.manifest.read_text())
    style = {"repo": "tiny/ltx", "revision": COMMIT, "weight_name": "inked.safetensors"}
    cli.manifest.write_text(yaml.safe_dump(told | {"styles": {"ink": style}}))
    (hub.folder / "inked.safetensors").write_bytes(b"ink")
    assert cli("pull", "tiny-ltx").returncode == 0
    assert (cli.data / "weights/tiny-ltx/styles/ink.safetensors").read_bytes() == b"ink"


def test_styles_of_a_model_in_a_folder_of_its_own_are_missed_and_fetched(cli: Cli, hub: Hub) -> None:
    # given a model that somebody else put on this machine, with a style that nobody fetched
    told = yaml.safe_load(cli.manifest.read_text())
    own = {name: value for name, value in told.items() if name not in ("repo", "revision")}
    style = {"repo": "tiny/ltx", "revision": COMMIT, "weight_name": "inked.safetensors"}
    cli.manifest.write_text(yaml.safe_dump(own | {"folder": str(hub.folder), "styles": {"ink": style}}))
    (hub.folder / "inked.safetensors").write_bytes(b"ink")
    missed = cli("check", "tiny-ltx")
    assert missed.returncode == 1 and "swipestream models pull tiny-ltx" in missed.stdout
    # when they are fetched, then nothing else is, and nothing is missed
    pulled = cli("pull", "tiny-ltx")
    assert "the styles of tiny-ltx are here" in pulled.stdout and "None" not in pulled.stdout + pulled.stderr
    assert set(hub.asked) == {"inked.safetensors"}
    assert cli("check", "tiny-ltx").returncode == 0
    # and of one without styles there is nothing to fetch
    cli.manifest.write_text(yaml.safe_dump(own | {"folder": str(hub.folder)}))
    refused = cli("pull", "tiny-ltx")
    assert refused.returncode == 1 and "there is nothing to fetch" in refused.stderr and "None" not in refused.stderr


def test_a_licence_that_must_be_accepted_is_told(cli: Cli, hub: Hub) -> None:
    hub.gated = True
    refused = cli("pull", "tiny-ltx")
    assert refused.returncode == 1 and "asks for a licence to be accepted" in refused.stderr
    assert "HF_TOKEN" in refused.stderr


def test_a_model_is_not_swapped_for_one_that_cannot_work(cli: Cli) -> None:
    refused = cli("swap", "ltx", "tiny-ltx")
    assert refused.returncode != 0 and "not on this machine" in refused.stderr
    assert cli("swap", "ltx", "nothing").returncode == 66
