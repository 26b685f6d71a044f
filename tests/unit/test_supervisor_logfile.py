from __future__ import annotations

from pathlib import Path

import pytest

from infra.supervisor.logfile import Lines, LogFile, Notable, tail


def _lines(*chunks: bytes) -> list[str]:
    shown: list[str] = []
    lines = Lines(shown.append)
    for chunk in chunks:
        lines.feed(chunk)
    lines.end()
    return shown


def test_lines_are_cut_where_they_end_not_where_reads_do() -> None:
    assert _lines(b"one\ntw", b"o\r\nthr", b"ee") == ["one", "two", "three"]


def test_a_letter_split_between_reads_is_whole() -> None:
    assert _lines("ä".encode()[:1], "ä".encode()[1:] + b"\n") == ["ä"]


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert _lines(b"\xff\xfe\n") == ["\ufffd\ufffd"]


def test_a_line_without_end_is_shown_in_pieces() -> None:
    assert [len(line) for line in _lines(b"x" * 9_000, b"y\n")] == [9_000, 1]


def test_a_full_log_becomes_the_old_one(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "part.log", most_bytes=10)

    for data in (b"aaaaaa\n", b"bbbbbb\n", b"cccccc\n"):
        log.write(data)
    log.close()

    assert (tmp_path / "logs" / "part.log").read_bytes() == b"cccccc\n"
    assert (tmp_path / "logs" / "part.log.1").read_bytes() == b"bbbbbb\n"


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    (tmp_path / "part.log").write_text("".join(f"{number}\n" for number in range(10_000)))

    assert tail(tmp_path / "part.log", 2) == "9998\n9999"
    assert tail(tmp_path / "none.log") == ""


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("12:00:00.000 ERROR StorageService: no disk", True),
        ('Exception in thread "main" java.lang.OutOfMemoryError', True),
        ("12:00:00.000 INFO  CassandraDaemon: JVM Arguments: [-XX:+ExitOnOutOfMemoryError]", False),
        ("12:00:00.000 WARN  StartupChecks: no ERROR here", False),
        ("2026-11-23T03:49:42.810371Z [warning  ] waiting                        [kafka.batches] why=away", True),
        ("2026-11-23T03:49:42.810371Z [error    ] ended                          [settings] why=none", True),
        ("2026-11-23T03:49:42.810371Z [info     ] task                           [worker] key=[error]", False),
        ("2026-11-23T03:49:42.810371Z [info     ] published                      [worker] seconds=31.2", True),
        ('{"why": "away", "event": "waiting", "level": "warning", "logger": "kafka.batches"}', True),
        ('{"seconds": 31.2, "event": "published", "level": "info", "logger": "worker"}', True),
        ('{"key": "a", "event": "task", "level": "info", "logger": "worker"}', False),
        ("compiled in 3 s", False),
    ],
)
def test_of_a_quiet_part_trouble_and_news_are_shown(line: str, shown: bool) -> None:
    assert Notable()(line) is shown


def test_a_traceback_is_shown_to_its_end() -> None:
    notable, told = Notable(), []
    for line in (
        "2026-11-23T03:49:42Z [info     ] ready", "Traceback (most recent call last):", "  File x, line 1",
        "ValueError: no", "2026-11-23T03:49:43Z [info     ] task",
    ):  # fmt: skip
        if notable(line):
            told.append(line)
    assert told == ["Traceback (most recent call last):", "  File x, line 1", "ValueError: no"]
