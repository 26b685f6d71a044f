"""The conversation with one client, without a socket: every message ends in a command, a clear error, or a close."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_api.gateway.codes import Code
from query_api.gateway.limits import Limits
from query_api.gateway.requests import Hello, Lobby, Unwatch, Watch
from query_api.gateway.session import Command, End, Say, Session
from tests.unit.gateway_kit import VIEWER, vid

LIMITS = Limits(frames_per_s=1000, videos=3)
HELLO = json.dumps({"type": "hello", "viewer_id": VIEWER})


def say(session: Session, *messages: str | bytes, now: float = 0) -> list[Command]:
    return [command for message in messages for command in session.receive(message, now)]


def error(command: Command) -> str:
    assert isinstance(command, Say)
    code: str = json.loads(command.frame)["code"]
    return code


def greeted(limits: Limits = LIMITS) -> Session:
    session = Session(limits, 0)
    assert isinstance(say(session, HELLO)[0], Hello)
    return session


def test_a_hello_opens_the_conversation() -> None:
    hello = json.dumps({"type": "hello", "viewer_id": VIEWER, "videos": [vid(1)], "lobby": True, "from": "the future"})
    command = say(Session(LIMITS, 0), hello)[0]
    assert command == Hello(type="hello", viewer_id=VIEWER, videos=(vid(1),), lobby=True)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("[]", "invalid"),
        ("7", "invalid"),
        ("null", "invalid"),
        ("{}", "no_type"),
        ('{"type": "shout"}', "unknown_type"),
        ('{"type": "hello", "access": ""}', "invalid"),
        ('{"type": "hello", "viewer_id": ""}', "invalid"),
        ('{"type": "hello", "viewer_id": "a b"}', "invalid"),
        (json.dumps({"type": "hello", "viewer_id": "a", "resume": "x" * 600}), "invalid"),
        (json.dumps({"type": "hello", "viewer_id": "a", "videos": ["no-id"]}), "invalid"),
        (b"\x00\x01", "binary"),
    ],
)
def test_a_first_message_that_is_no_hello_gets_an_error_and_a_close(message: str | bytes, code: str) -> None:
    said, end = say(Session(LIMITS, 0), message)
    assert error(said) == code
    assert isinstance(end, End)
    assert end.code is Code.BAD_HELLO


def test_another_request_before_the_hello_closes() -> None:
    (end,) = say(Session(LIMITS, 0), json.dumps({"type": "lobby"}))
    assert end == End(Code.BAD_HELLO, "the first message must be a hello")


def test_watch_unwatch_and_lobby_become_commands() -> None:
    session = greeted()
    messages = [
        {"type": "watch", "video_id": vid(1)},
        {"type": "unwatch", "video_id": vid(1)},
        {"type": "lobby", "on": False},
    ]
    kinds = [type(command) for command in say(session, *map(json.dumps, messages))]
    assert kinds == [Watch, Unwatch, Lobby]


def test_a_client_watches_a_bounded_number_of_videos() -> None:
    session = greeted()
    said = [say(session, json.dumps({"type": "watch", "video_id": vid(number)}))[0] for number in range(4)]
    assert [isinstance(command, Watch) for command in said] == [True, True, True, False]
    assert error(said[3]) == "too_many_videos"
    say(session, json.dumps({"type": "unwatch", "video_id": vid(0)}))
    assert isinstance(say(session, json.dumps({"type": "watch", "video_id": vid(3)}))[0], Watch)
    many = json.dumps({"type": "hello", "viewer_id": VIEWER, "videos": [vid(number) for number in range(4)]})
    assert say(Session(LIMITS, 0), many) == [End(Code.BAD_HELLO, "at most 3 videos can be watched")]


def test_errors_are_forgiven_a_few_times() -> None:
    session = greeted(Limits(errors=2))
    answers = [say(session, "nonsense", now=number) for number in range(3)]
    assert [len(answer) for answer in answers] == [1, 1, 2]
    assert answers[2][1] == End(Code.MALFORMED, "not_json")
    assert say(session, HELLO) == []


def test_a_second_hello_is_an_error() -> None:
    assert error(say(greeted(), HELLO)[0]) == "hello_again"


def test_one_who_talks_too_fast_is_closed_and_one_who_waits_is_not() -> None:
    limits = Limits(frames_per_s=10)
    patient, hasty = greeted(limits), greeted(limits)
    lobby = json.dumps({"type": "lobby"})
    assert all(isinstance(say(patient, lobby, now=number / 10)[0], Lobby) for number in range(200))
    answers = say(hasty, *[lobby] * 40)
    assert isinstance(answers[28], Lobby)
    assert answers[29] == End(Code.TOO_FAST, "too many messages")
    assert len(answers) == 30


def test_a_hello_that_does_not_come_closes() -> None:
    assert Session(LIMITS, 0).late() == [End(Code.NO_HELLO, "no hello came")]
    assert greeted().late() == []


@pytest.mark.parametrize("code", list(Code))
def test_only_what_a_client_does_wrong_for_good_is_fatal(code: Code) -> None:
    assert code.fatal == (code in (Code.MALFORMED, Code.BAD_HELLO))
    assert code in (1001, 1013) or 4000 <= code <= 4999


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
REQUEST = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "watch", "unwatch", "lobby", "welcome", "", 7])},
    optional={
        "viewer_id": st.sampled_from([VIEWER, "", "x" * 65]) | JSON,
        "video_id": st.sampled_from([vid(1), vid(2), "x"]) | JSON,
        "videos": st.lists(st.sampled_from([vid(1), "x"]), max_size=4) | JSON,
        "resume": st.text(max_size=40) | JSON,
        "on": st.booleans() | JSON,
    },
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(max_size=60) | st.binary(max_size=40) | (JSON | REQUEST).map(json.dumps), max_size=12),
    st.booleans(),
)
def test_whatever_is_said_ends_in_commands_and_never_raises(messages: list[str | bytes], hello: bool) -> None:
    session = greeted() if hello else Session(LIMITS, 0)
    commands = [session.receive(message, number) for number, message in enumerate(messages)]
    ends = [number for number, answer in enumerate(commands) if any(isinstance(command, End) for command in answer)]
    assert len(ends) <= 1
    assert all(answer == [] for answer in commands[ends[0] + 1 :]) if ends else all(commands)
    for command in (command for answer in commands for command in answer if isinstance(command, Say)):
        assert json.loads(command.frame)["type"] == "error"
        assert len(command.frame) < 1000
