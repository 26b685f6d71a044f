"""A language model behind HTTP, and everything that can go wrong with one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gpu_consumers.errors import BackendError, TransientBackendError
from gpu_consumers.ports import Brief
from gpu_consumers.script.openai import OpenAIWriter
from schemas.scripts import Script
from tests.unit.models_kit import Answer, service

LINE = "Cats purr with a small muscle in the throat, and nobody has to teach them how."
DRAFT: dict[str, Any] = {
    "title": "Why cats purr",
    "subject": "The Cats",
    "mood": "curious",
    "scenes": [
        {
            "beat": "Hook!",
            "narration": f"**{LINE}** 🐱",
            "visuals": "a cat",
            "on_screen_text": "one two three four five six",
        },
        *[{"beat": "split", "narration": LINE, "visuals": "a cat", "on_screen_text": "Purr"} for _ in range(4)],
    ],
}


def said(content: str, **choice: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop", **choice}]}).encode()


def write(url: str, seconds: float = 30, **settings: Any) -> Script:
    brief = Brief(prompt="Why do cats purr?", archetype="explainer", target_seconds=seconds, language="en", seed=2**40)
    return OpenAIWriter(url=url, model="m", **settings).write(brief)


def test_a_draft_becomes_a_script_by_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_KEY", "secret")
    with service(Answer(said(json.dumps(DRAFT)))) as fake:
        script = write(fake.url, api_key_env="CHAT_KEY", prompt="Be brief.")
    assert [scene.scene_number for scene in script.scenes] == [1, 2, 3, 4, 5]
    assert script.scenes[0].narration == LINE and script.scenes[0].beat == "hook"
    assert script.scenes[0].on_screen_text == "one two three four five"
    assert (script.title, script.subject, script.archetype, script.mood) == (
        "Why cats purr",
        "cats",
        "explainer",
        "curious",
    )
    # The request holds the model to a schema, and carries prompt, flavor and beats
    request = fake.requests[0]
    assert request["response_format"]["json_schema"]["schema"]["required"] == ["title", "subject", "scenes"]
    assert request["messages"][0]["content"].startswith("Be brief.") and "split" in request["messages"][0]["content"]
    assert request["messages"][1] == {"role": "user", "content": "Why do cats purr?"} and request["seed"] < 2**31
    assert fake.headers[0]["Authorization"] == "Bearer secret" and fake.paths == ["/v1/chat/completions"]


def test_a_fenced_answer_and_an_unknown_mood_are_understood() -> None:
    draft = {**DRAFT, "mood": "Très gai"}
    with service(Answer(said(f"Sure!\n```json\n{json.dumps(draft)}\n```\nEnjoy."))) as fake:
        assert write(fake.url).mood == "curious"


def test_a_streamed_answer_is_put_together() -> None:
    text = json.dumps(DRAFT)
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    events = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
    body = "".join(f"data: {event}\n\n" for event in [*events, json.dumps({"choices": []})]) + "data: [DONE]\n\n"
    with service(Answer(body.encode())) as fake:
        assert write(fake.url, stream=True).title == "Why cats purr"
    assert fake.requests[0]["stream"] is True


def test_a_server_without_schemas_is_asked_in_the_older_way() -> None:
    with service(Answer(status=400, body=b"unknown response_format"), Answer(said(json.dumps(DRAFT)))) as fake:
        assert write(fake.url).title == "Why cats purr"
    assert [r["response_format"]["type"] for r in fake.requests] == ["json_schema", "json_object"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=429),
        Answer(b"<html>oops"),
        Answer(b'{"choices": []}'),
        Answer(b'{"choices": [{"message": null}]}'),
        Answer(said("I would rather not.")),
        Answer(said('{"title": "x"')),
        Answer(said('{"title": "x", "subject": "y", "scenes": []}')),
        Answer(said(json.dumps({**DRAFT, "scenes": DRAFT["scenes"] * 3}))),
        Answer(said(json.dumps({**DRAFT, "title": 7}))),
        Answer(said(json.dumps(DRAFT), finish_reason="length")),
        Answer(said(json.dumps(DRAFT)), wait_s=5),
        Answer(said(json.dumps(DRAFT)), drip_s=0.02),
        Answer(said(json.dumps(DRAFT)), cut=True),
    ],
    ids=["500", "429", "html", "no choice", "no message", "refusal", "half", "no scenes", "too many", "wrong type",
         "cut off", "late", "dripping", "torn"],
)  # fmt: skip
def test_what_another_try_may_mend_is_transient(answer: Answer) -> None:
    with service(answer) as fake, pytest.raises(TransientBackendError):
        write(fake.url, timeout_s=0.4)


@pytest.mark.parametrize("seconds", [9, 60])
def test_a_script_of_the_wrong_length_is_not_taken(seconds: float) -> None:
    with service(Answer(said(json.dumps(DRAFT)))) as fake, pytest.raises(TransientBackendError, match="s long"):
        write(fake.url, seconds)


def test_a_broken_stream_is_transient() -> None:
    with service(Answer(b"data: {nonsense\n\n")) as fake, pytest.raises(TransientBackendError, match="stream"):
        write(fake.url, stream=True)


def test_a_refused_key_is_final() -> None:
    with service(Answer(status=401, body=b"no")) as fake, pytest.raises(BackendError) as caught:
        write(fake.url)
    assert not isinstance(caught.value, TransientBackendError) and "401" in str(caught.value)


def test_the_fingerprint_knows_what_is_sent_but_not_the_key() -> None:
    plain = OpenAIWriter(url="http://h", model="m")
    assert plain.fingerprint() != OpenAIWriter(url="http://h", model="m", prompt="other").fingerprint()
    assert plain.fingerprint() == OpenAIWriter(url="http://h", model="m", api_key_env="KEY").fingerprint()
