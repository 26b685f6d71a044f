"""What the image is made of: the wheel is whole and runs outside of the checkout, and Docker is sent what it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "infra/deploy/Dockerfile").read_text()
ROOMS: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]


def tracked(*places: str) -> list[Path]:
    """Files that are under version control, symbolic links to folders followed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *places], cwd=ROOT, capture_output=True, check=True, timeout=30
    )
    found = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    return [file for one in found for file in (_below(one) if (ROOT / one).is_dir() else [one])]


def _below(link: Path) -> Iterator[Path]:
    return (link / file.relative_to(ROOT / link) for file in (ROOT / link).rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, built without a network from the build backend that `make venv` fetched."""
    out = tmp_path_factory.mktemp("wheel")
    words = [Path(sys.executable).with_name("uv"), "build", "--offline", "--quiet", "--wheel", "--out-dir", out]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip("the build backend is not at hand: make venv fetches it")
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        wheel.extractall(out / "site")
    return out / "site"


def test_the_wheel_holds_every_file_of_the_rooms(unpacked: Path) -> None:
    wanted = {str(file).removeprefix("clients/python/") for file in tracked(*ROOMS)}
    held = {str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()}

    assert len(wanted) > 700
    assert sorted(wanted - held) == []


@pytest.mark.parametrize("module", ["infra.cli", "gpu_consumers", "query_api", "producers"])
def test_each_command_starts_from_the_wheel_alone(unpacked: Path, tmp_path: Path, module: str) -> None:
    assert "usage" in outside(unpacked, tmp_path, "-m", module, "--help").lower()


def test_the_parts_are_found_in_the_wheel_and_find_what_they_need_there(unpacked: Path, tmp_path: Path) -> None:
    code = (
        "import processors.app, gpu_consumers.worker, query_api.serve\n"
        "from infra import flavors\n"
        "from infra.settings import settings\n"
        "print(processors.app.__file__, flavors.get_flavor('default', settings()).name)"
    )

    assert outside(unpacked, tmp_path, "-c", code).split() == [str(unpacked / "processors/app.py"), "default"]


def outside(unpacked: Path, folder: Path, *words: str) -> str:
    """What Python prints when it runs there, with the wheel before all else."""
    environment = os.environ | {"PYTHONPATH": str(unpacked), "SWIPESTREAM_DATA_DIR": str(folder)}
    command = [sys.executable, "-W", "ignore", *words]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_docker_is_sent_every_file_that_the_wheel_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [line.removeprefix("!") for line in lines if line.startswith("!")]

    assert lines[1] == "*"
    for file in [*tracked(*ROOMS), Path("pyproject.toml"), Path("constraints.txt"), Path("README.md")]:
        real = (ROOT / file).resolve().relative_to(ROOT)
        assert any(real.is_relative_to(place) for place in let_in), file


def test_the_chart_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((ROOT / "infra/deploy/helm/swipestream/Chart.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == project["version"]


def test_uv_is_taken_from_the_constraints_as_the_makefile_does() -> None:
    taken = r"awk '(/\^uv==/ .*)' constraints\.txt"
    mine, theirs = (re.search(taken, text) for text in (DOCKERFILE, (ROOT / "Makefile").read_text()))

    assert mine and theirs
    assert mine[1] == theirs[1].replace("$$", "$")


def test_the_image_runs_as_nobody_in_particular_and_ends_when_told() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    final = {stage.split()[2]: stage for stage in stages}

    assert list(final)[-1] == "cpu" and "g++" not in final["cpu"] + final["runtime"]
    for name in ("runtime", "gpu"):
        assert re.findall(r"^USER (\S+)$", final[name], re.MULTILINE)[-1] == "10001:10001"
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE and 'CMD ["' in DOCKERFILE  # a shell would keep the signal for itself
    assert all("constraints.txt" in line or "--no-deps" in line or "UV_CONSTRAINT" in final["tools"]
               for line in DOCKERFILE.splitlines() if "uv pip install" in line)  # fmt: skip
