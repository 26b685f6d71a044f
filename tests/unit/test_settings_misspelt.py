"""What is misspelt among the settings is told, with the nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.misspelt import KNOWN, told

ROOT = Path(__file__).parents[2]
NOWHERE = Path("/nowhere/swipestream.env")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SWIPESTREAM_API_PRT", "did you mean SWIPESTREAM_API_PORT?"),
        ("SWIPESTREAM_WORKER", "did you mean SWIPESTREAM_WORKERS?"),
        ("SWIPESTREAM_KAFKAPORT", "did you mean SWIPESTREAM_KAFKA_PORT?"),
        ("SWIPESTREAM_COLOUR_OF_MOON", "docs/reference/settings.md lists them all."),
    ],
)
def test_a_misspelt_name_in_the_environment_is_told_with_the_nearest(name: str, meant: str) -> None:
    assert list(told({name: "1", "HOME": "/"}, NOWHERE)) == [
        f"{name} in the environment is no setting and changes nothing; {meant}"
    ]


def test_names_that_are_read_are_not_told() -> None:
    environ = dict.fromkeys(("SWIPESTREAM_API_PORT", "swipestream_workers", "SWIPESTREAM_OPERATOR", "PATH"), "1")

    assert list(told(environ, NOWHERE)) == []


def test_the_file_and_the_secrets_are_looked_at_too(tmp_path: Path) -> None:
    # given a file with a name that lacks the prefix, and a secret that is misspelt beside those of others
    file = tmp_path / "swipestream.env"
    file.write_text("# API_PRT=1\nAPI_PORT=8080\nSWIPESTREAM_HOST=0.0.0.0\n")
    for name in ("swipestream_token", "swipestream_tokn", "RUNWAYML_API_SECRET"):
        (tmp_path / name).write_text("x")

    # when both are read
    said = list(told({"SWIPESTREAM_SECRETS_DIR": str(tmp_path)}, file))

    # then
    assert [sentence.split(" is no")[0] for sentence in said] == [
        f"SWIPESTREAM_TOKN in {tmp_path}",
        f"API_PORT in {file}",
    ]


def test_every_name_that_the_code_reads_is_known() -> None:
    sources = [path for room in ("infra", "producers", "processors", "gpu_consumers", "query_api", "bench") for path in
               (ROOT / room).rglob("*.py")]  # fmt: skip
    read = {name for path in sources for name in re.findall(r"SWIPESTREAM_([A-Z_]+[A-Z])", path.read_text())}

    assert read >= {"OPERATOR", "WORKER_NAME", "REGISTRY"}
    assert read <= KNOWN
