"""How the command line answers, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psutil
import pytest
import typer
from cassandra.cluster import NoHostAvailable

from infra.cassandra.cluster import trouble
from infra.cli import main as cli
from infra.cli.console import PANELS
from infra.errors import BadInputError, StoreAwayError, explained
from infra.kafka.admin import apply_topics
from infra.settings import settings
from infra.supervisor import state
from infra.supervisor.probe import Probe
from infra.supervisor.state import PartState, RunState

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs one command in an empty folder: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWIPESTREAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("SWIPESTREAM_KAFKA", "SWIPESTREAM_CASSANDRA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cli, "app", _copy(cli.app))

    def command(*words: str) -> tuple[int, str, str]:
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["swipestream", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return (int(end.value.code or 0), *capsys.readouterr())

    yield command
    settings.cache_clear()


def _copy(app: typer.Typer) -> typer.Typer:
    copy = typer.Typer(pretty_exceptions_enable=False, no_args_is_help=True)
    copy.registered_callback = app.registered_callback
    copy.registered_commands = list(app.registered_commands)
    copy.registered_groups = list(app.registered_groups)
    return copy


def _plug(monkeypatch: pytest.MonkeyPatch, register: Callable[[typer.Typer], None]) -> None:
    point = EntryPoint("room", "tests:register", cli.COMMANDS_GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: register)
    monkeypatch.setattr(cli, "entry_points", lambda group: [point])


def _fails_with(error: Exception) -> Callable[[typer.Typer], None]:
    def fail() -> None:
        raise error

    def register(app: typer.Typer) -> None:
        app.command("fail")(fail)

    return register


def test_help_teaches_by_example(run: Run) -> None:
    code, text, _ = run("up", "--help")

    assert code == 0
    assert "swipestream up --workers 4" in text


@pytest.mark.parametrize("command", ["up", "down", "status", "version", "topics", "tables"])
def test_every_command_is_listed(run: Run, command: str) -> None:
    assert command in run("--help")[1]


def test_help_is_one_line_for_each_command_in_80_columns() -> None:
    # given the whole command line, in a process of its own, as a terminal of 80 columns has it
    words = [str(Path(sys.executable).parent / "swipestream"), "--help"]
    text = subprocess.run(words, env=os.environ | {"COLUMNS": "80"}, capture_output=True, text=True, check=True).stdout

    # when the rows of its panels are read
    panels = text.partition("─ Run it ")[2].splitlines()
    rows = [line for line in panels if line.startswith("│")]

    # then each begins with the name of a command
    assert len(rows) > 25
    assert [row for row in rows if row.startswith("│  ")] == []
    assert sorted(PANELS, key=text.index) == list(PANELS)


@pytest.mark.parametrize("words", [("version",), ("models", "--help"), ("token", "--help"), ("prompt", "--help")])
def test_a_command_that_asks_nobody_loads_no_client(words: tuple[str, ...], tmp_path: Path) -> None:
    # given a command in a process of its own that tells what it imports
    command = [sys.executable, "-X", "importtime", "-m", "infra.cli", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)

    # then clients of Kafka and of HTTP are not among it
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "infra.cli.main" in loaded
    assert loaded.isdisjoint({"aiokafka", "httpx", "websockets", "fastapi", "numpy", "cassandra.cluster"})


def test_version_as_json_is_json_alone(run: Run) -> None:
    code, text, errors = run("version", "--json")

    assert (code, errors) == (0, "")
    assert json.loads(text)["kafka"] == "4.3.1"


def test_our_error_is_one_line_a_hint_and_its_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, _fails_with(BadInputError("That is [bold]wrong[/].", hint="Try another.")))

    assert run("fail") == (65, "", "error: That is [bold]wrong[/].\nhint: Try another.\n")


def test_a_list_that_is_no_json_is_a_setting_that_cannot_be_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_FLAVOR_DIRS", "/flavors")
    code, _, said = run("status")
    assert code == 78
    assert "SWIPESTREAM_FLAVOR_DIRS: not the JSON that it must be." in said and '["one", "two"]' in said


def test_a_sweep_of_a_bucket_leaves_what_may_be_in_use(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_MEDIA", "s3://media/here")
    code, _, said = run("media", "gc", "--dry-run", "--grace-hours", "0.2")
    assert code == 78 and "720 s is too short for a bucket: it must be 1200 s or more" in said


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BadInputError("it has no style 'ink'", hint="There are: film."), "it has no style 'ink'. There are: film."),
        (BadInputError("It ended.", hint="Try again."), "It ended. Try again."),
        (BadInputError("it ended"), "it ended"),
        (KeyError(), "KeyError"),
        (ValueError("x" * 3000), "x" * 2000),
    ],
)
def test_an_event_tells_what_went_wrong_and_what_to_do(error: Exception, told: str) -> None:
    assert explained(error) == told


def test_an_unexpected_error_is_one_line_and_a_file(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _plug(monkeypatch, _fails_with(ZeroDivisionError("by zero")))

    code, text, errors = run("fail")

    assert (code, text) == (70, "")
    assert errors.startswith("error: Unexpected ZeroDivisionError: by zero\nhint: The traceback is in ")
    kept = tmp_path / "cache/swipestream/traceback.txt"
    assert "Traceback (most recent call last)" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600

    # and where nothing can be kept, it is one line all the same
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file in the place of the folder")
    assert run("fail") == (
        70, "", "error: Unexpected ZeroDivisionError: by zero\nhint: `swipestream --debug …` shows the traceback.\n"
    )  # fmt: skip


def test_debug_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, _fails_with(ZeroDivisionError("by zero")))

    code, _, errors = run("--debug", "fail")

    assert code == 70
    assert "Traceback (most recent call last)" in errors


def test_a_room_that_is_broken_leaves_the_other_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: typer.Typer) -> None:
        raise ImportError("no such module")

    _plug(monkeypatch, broken)

    code, text, errors = run("--help")

    assert code == 0
    assert "version" in text
    assert errors == "error: The commands of room are missing: ImportError('no such module').\n"
    assert run("--debug", "version", "--json")[2] == ""


def test_an_interrupt_while_commands_load_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: typer.Typer) -> None:
        raise KeyboardInterrupt

    _plug(monkeypatch, interrupted)

    assert run("prompt", "why do cats purr") == (130, "", "")


def test_a_setting_that_cannot_be_used_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_API_PORT", "70000")

    code, _, errors = run("status")

    assert code == 78
    assert errors.startswith("error: SWIPESTREAM_API_PORT: Input should be less than or equal to 65535, not '70000'.\n")


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("10.0.0.1/8", "10.0.0.1/8 has host bits set"),
        ("127.0.0.1, 10.0.0.0/33", "'10.0.0.0/33' does not appear to be an IPv4 or IPv6 network"),
        ("127.0.0.1,", "'' does not appear"),
        ("*, 10.0.0.0/8", "'*' does not appear"),
        ("ingress.example.org", "'ingress.example.org' does not appear"),
    ],
)
def test_a_network_of_proxies_that_there_cannot_be_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, listed: str, told: str
) -> None:
    monkeypatch.setenv("SWIPESTREAM_PROXIES", listed)

    code, _, errors = run("status")

    assert code == 78
    assert errors.startswith(f"error: SWIPESTREAM_PROXIES: {told}")
    assert "such as 10.1.0.0/16, with commas, or * alone" in errors


def test_a_misspelt_setting_is_told_and_the_command_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_API_PRT", "8080")

    code, text, errors = run("version", "--json")

    assert (code, json.loads(text)["kafka"]) == (0, "4.3.1")
    assert errors.startswith("warning: SWIPESTREAM_API_PRT in the environment is no setting")
    assert "did you mean SWIPESTREAM_API_PORT?" in errors


def test_a_command_that_is_not_there_is_a_usage_error(run: Run) -> None:
    code, text, errors = run("nothing")

    assert (code, text) == (2, "")
    assert "nothing" in errors


def test_status_of_nothing(run: Run) -> None:
    assert run("status", "--json") == (69, '{\n  "parts": []\n}\n', "")
    assert run("status")[1].startswith("Swipestream is not running here.")


def test_down_with_nothing(run: Run) -> None:
    code, _, errors = run("down")

    assert code == 0
    assert errors.startswith("Nothing runs on")


def _running(tmp_path: Path, *parts: PartState) -> None:
    (tmp_path / "data" / "run").mkdir(parents=True, exist_ok=True)
    me = psutil.Process()
    state.save(RunState(me.pid, me.create_time(), "up", list(parts)), tmp_path / "data")


def test_status_looks_itself(run: Run, tmp_path: Path) -> None:
    me = psutil.Process().pid
    _running(
        tmp_path,
        PartState("kafka", me, "ready", "127.0.0.1:1", probe=Probe("kafka", "127.0.0.1:1")),
        PartState("topics", None, "done", once=True),
        PartState("worker-1", me, "ready"),
        PartState("worker-2", 2**22 + 1, "ready"),
    )

    code, text, _ = run("status", "--json")

    parts: list[dict[str, Any]] = json.loads(text)["parts"]
    assert code == 69
    assert parts[0] == {"name": "kafka", "pid": me, "state": "unresponsive", "address": "127.0.0.1:1"}
    assert [(part["name"], part["state"]) for part in parts[1:]] == [
        ("worker-1", "ready"),
        ("worker-2", "stopped"),
        ("disk", "ready"),
    ]
    assert "unresponsive" in run("status")[1]


def test_status_is_well_when_all_is_ready(run: Run, tmp_path: Path) -> None:
    _running(tmp_path, PartState("worker-1", psutil.Process().pid, "ready"))

    assert run("status", "--json")[0] == 0


def test_status_shows_stores_that_run_elsewhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_KAFKA", "127.0.0.1:1")

    parts = json.loads(run("status", "--json")[1])["parts"]

    assert parts[0] == {"name": "kafka", "pid": None, "state": "unresponsive", "address": "127.0.0.1:1"}


def test_up_twice_says_so(run: Run, tmp_path: Path) -> None:
    _running(tmp_path)
    with state.exclusive(tmp_path / "data"):
        code, _, errors = run("up")

    assert code == 75
    assert errors.startswith("error: Swipestream is already running on ")
    assert "swipestream down" in errors


def test_up_needs_a_folder_it_can_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    code, _, errors = run("up")

    assert code == 77
    assert "cannot be written" in errors


def test_fresh_refuses_what_it_cannot_forget(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWIPESTREAM_KAFKA", "broker:9092")
    (tmp_path / "data" / "media").mkdir(parents=True)

    code, _, errors = run("up", "--fresh")

    assert code == 78
    assert "--fresh cannot forget" in errors
    assert (tmp_path / "data" / "media").exists()


def test_fresh_forgets_only_what_is_ours(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("kafka", "media", "holiday-photos", "run"):
        (data / name).mkdir(parents=True)
    (data / "run" / "gateway.key").write_text("secret")
    monkeypatch.setenv("SWIPESTREAM_STACK", "jars")
    monkeypatch.setattr("infra.stack.checks.MEMORY_BYTES", 0)
    monkeypatch.setattr("infra.stack.checks.shutil.disk_usage", lambda _: type("Usage", (), {"free": 0}))

    code, _, errors = run("up", "--fresh")

    assert code == 74
    assert "0.0 GB free" in errors
    assert sorted(path.name for path in data.iterdir()) == ["holiday-photos", "run"]
    assert [path.name for path in (data / "run").iterdir()] == ["lock"]


def test_status_says_that_the_disk_is_nearly_full(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWIPESTREAM_KAFKA", "127.0.0.1:1")
    monkeypatch.setattr("infra.cli.status.free_bytes", lambda _path: 300_000_000)
    code, text, _ = run("status", "--json")
    (disk,) = [part for part in json.loads(text)["parts"] if part["name"] == "disk"]
    assert disk == {"name": "disk", "pid": None, "state": "nearly full", "address": "0.3 GB free"}
    assert code == 69


@pytest.mark.parametrize("words", [("prompt", "why do cats purr"), ("simulate", "--seconds", "1")])
def test_where_nobody_answers_the_address_of_what_runs_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    # given nothing that runs
    monkeypatch.setenv("SWIPESTREAM_API_PORT", "1")
    assert "Start it with `swipestream up`" in _line(run(*words))
    # and what runs where it is looked for, and does not answer
    _running(tmp_path, PartState("api", 1, "ready", "http://127.0.0.1:1"))
    assert "Start it with `swipestream up`" in _line(run(*words))
    # and what runs elsewhere
    _running(tmp_path, PartState("api", 1, "ready", "http://127.0.0.1:8123"))
    assert "its API is http://127.0.0.1:8123. Set SWIPESTREAM_API_PORT=8123" in _line(run(*words))


def test_what_answers_in_the_place_of_the_api_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # given another program on the API's port
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SWIPESTREAM_API_PORT", str(server.server_port))

        # when a video is asked for
        told = _line(run("prompt", "why do cats purr"))
        server.shutdown()

    # then
    assert f"What answers at http://127.0.0.1:{server.server_port} (HTTP 404) is not Swipestream's API." in told
    assert "Start it with `swipestream up`" in told


def test_a_store_that_is_away_is_told_with_what_to_do(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StoreAwayError, match="Kafka does not answer: ") as away:
        apply_topics("127.0.0.1:1", timeout=0)

    assert "swipestream up" in (away.value.hint or "")
    assert capfd.readouterr().err == ""  # nothing of the library's own, which repeats itself


def test_what_cassandra_says_is_in_words() -> None:
    refused = ConnectionRefusedError(111, "Tried connecting to [('10.0.0.1', 9042)]. Last error: Connection refused")
    nobody = NoHostAvailable("Unable to connect to any servers", {"10.0.0.1:9042": refused, "10.0.0.2": "no login"})

    assert str(trouble(nobody)) == ("Cassandra does not answer: 10.0.0.1:9042: Connection refused; 10.0.0.2: no login.")
    # the driver has two kinds: one of them names the nodes alone
    assert "['10.0.0.1']" in str(trouble(NoHostAvailable("Unable to connect to any servers", ["10.0.0.1"])))


def _line(answer: tuple[int, str, str]) -> str:
    code, _, told = answer
    assert code == 69
    return " ".join(told.split())


def test_who_has_no_token_is_told_how_to_get_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an API that wants a token
    class Wants(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = (
                b'{"type": "urn:swipestream:problem:unauthenticated", "status": 401, "detail": "This needs a token."}'
            )
            self.send_response(401)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Wants) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SWIPESTREAM_API_PORT", str(server.server_port))
        # when a video is asked for, then
        code, _, told = run("prompt", "why do cats purr")
        server.shutdown()
    assert code == 65 and "This needs a token." in told and "Set SWIPESTREAM_TOKEN" in told
