"""What `swipestream contracts check` refuses and allows, change by change, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from infra.contracts.compare import gaps, inlined
from infra.contracts.compatibility import Standing, compare, standings
from infra.contracts.errors import IncompatibleError
from infra.contracts.published import check, refuse
from tests.contract.contract_kit import ROOT

Schema = dict[str, Any]
Change = Callable[[Schema], Any]

OLD: Schema = {
    "type": "object",
    "x-topics": ["waves"],
    "x-key": "who",
    "properties": {
        "who": {"type": "string", "pattern": "^[a-z]+$"},
        "how": {"$ref": "#/$defs/How"},
        "times": {"type": "integer", "minimum": 1, "maximum": 9},
        "weight": {"type": "number", "exclusiveMinimum": 0},
        "note": {"anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}], "default": None},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "minItems": 1, "default": []},
        "sizes": {"type": "object", "additionalProperties": {"type": "number"}, "maxProperties": 4, "default": {}},
    },
    "required": ["who", "how", "times", "weight"],
    "$defs": {
        "How": {"type": "string", "enum": ["hand", "flag"]},
        "Part": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "left": {"type": "boolean"}},
            "required": ["name"],
        },
    },
}


def field(name: str, **changes: Any) -> Change:
    return lambda schema: schema["properties"][name].update(changes)


def without(name: str, keyword: str) -> Change:
    return lambda schema: schema["properties"][name].pop(keyword)


def changed(change: Change) -> Schema:
    new = deepcopy(OLD)
    change(new)
    return new


ALLOWED: dict[str, Change] = {
    "nothing": lambda schema: None,
    "a new optional field": lambda schema: schema["properties"].update(new={"type": "string", "default": ""}),
    "another description": field("times", description="how often"),
    "another default": field("note", default="none"),
    "a field in another order": lambda schema: schema["properties"].update(who=schema["properties"].pop("who")),
    "a definition in place": field("how", type="string", enum=["flag", "hand"]),
    "a new optional field inside": lambda schema: schema["$defs"]["Part"]["properties"].update(new={"type": "null"}),
    "a mark": field("who", **{"x-personal-data": True}),
}

REFUSED: dict[str, tuple[Change, set[str]]] = {
    "removed": (
        lambda schema: schema["properties"].pop("note"),
        {"note: removed field"},
    ),
    "removed though required": (
        lambda schema: [schema["properties"].pop("times"), schema["required"].remove("times")],
        {"times: removed field", "times: no longer required"},
    ),
    "removed inside": (
        lambda schema: schema["$defs"]["Part"]["properties"].pop("left"),
        {"parts[].left: removed field"},
    ),
    "removed with all inside": (
        lambda schema: schema["properties"].pop("parts"),
        {"parts: removed field"},
    ),
    "a new required field": (
        lambda schema: [schema["properties"].update(new={"type": "string"}), schema["required"].append("new")],
        {"new: newly required"},
    ),
    "an old one required": (lambda schema: schema["required"].append("note"), {"note: newly required"}),
    "required inside": (
        lambda schema: schema["$defs"]["Part"]["required"].append("left"),
        {"parts[].left: newly required"},
    ),
    "optional": (lambda schema: schema["required"].remove("times"), {"times: no longer required"}),
    "fewer values": (lambda schema: schema["$defs"]["How"]["enum"].remove("flag"), {"how: fewer values"}),
    "more values": (lambda schema: schema["$defs"]["How"]["enum"].append("fist"), {"how: more values"}),
    "any value": (lambda schema: schema["$defs"]["How"].pop("enum"), {"how: more values"}),
    "a higher minimum": (field("times", minimum=2), {"times: narrower range"}),
    "a lower minimum": (field("times", minimum=0), {"times: wider range"}),
    "a lower maximum": (field("times", maximum=8), {"times: narrower range"}),
    "no maximum": (without("times", "maximum"), {"times: wider range"}),
    "an excluded bound": (
        lambda schema: schema["properties"].update(weight={"type": "number", "minimum": 0}),
        {"weight: wider range"},
    ),
    "shorter text": (
        field("note", anyOf=[{"type": "string", "maxLength": 10}, {"type": "null"}]),
        {"note: narrower range"},
    ),
    "more items": (without("parts", "minItems"), {"parts: wider range"}),
    "fewer entries": (field("sizes", maxProperties=2), {"sizes: narrower range"}),
    "another pattern": (field("who", pattern="^[a-z0-9]+$"), {"who: changed pattern"}),
    "nothing known inside": (
        field("parts", items={"type": "object"}),
        {"parts[].name: removed field", "parts[].left: removed field", "parts[].name: no longer required"},
    ),
    "another type": (field("times", type="string"), {"times: changed type"}),
    "a number that was whole": (field("times", type="number"), {"times: changed type"}),
    "no null": (field("note", anyOf=[{"type": "string", "maxLength": 20}]), {"note: changed type"}),
    "null": (
        field("who", anyOf=[{"type": "string", "pattern": "^[a-z]+$"}, {"type": "null"}], type=None, pattern=None),
        {"who: changed type"},
    ),
    "another type in a map": (field("sizes", additionalProperties={"type": "string"}), {"sizes{}: changed type"}),
    "no more unknown fields": (
        lambda schema: schema.update(additionalProperties=False),
        {"{}: changed type"},
    ),
    "a keyword that is not understood": (field("times", multipleOf=2), {"times: changed multipleOf"}),
    "another key": (lambda schema: schema.update({"x-key": "how"}), {": moved (key)"}),
    "another topic": (lambda schema: schema.update({"x-topics": ["hands"]}), {": moved (topics)"}),
}  # fmt: skip


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED)
def test_what_readers_bear_is_allowed(change: Change) -> None:
    assert [str(problem) for problem in compare("Waved", 1, OLD, changed(change))] == []


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_readers_or_records_is_refused(change: Change, told: set[str]) -> None:
    new = changed(change)
    for schema in new["properties"].values():
        for keyword in [name for name, value in schema.items() if value is None and name != "default"]:
            del schema[keyword]
    problems = list(compare("Waved", 1, OLD, new))
    assert {f"{problem.field}: {problem.change}" for problem in problems} == told


def test_a_problem_says_whom_it_hits() -> None:
    narrower = next(compare("Waved", 1, OLD, changed(field("times", maximum=8))))
    wider = next(compare("Waved", 1, OLD, changed(lambda schema: schema["$defs"]["How"]["enum"].append("fist"))))
    assert str(narrower) == (
        "Waved v1, times: narrower range: records written before may be above 8; today's readers refuse it"
    )
    assert str(wider) == (
        "Waved v1, how: more values: records written today may be 'fist'; published readers refuse it"
    )


def test_a_text_that_was_an_enumeration_is_measured_by_its_values() -> None:
    values, text = {"type": "string", "enum": ["one", "three"]}, {"type": "string", "maxLength": 5, "minLength": 3}
    assert list(gaps(values, text)) == []
    assert [gap.what for gap in gaps(values, text | {"maxLength": 4})] == ["may be longer than 4"]


def test_references_are_followed() -> None:
    assert inlined(OLD)["properties"]["parts"]["items"]["properties"]["name"] == {"type": "string"}
    assert "$defs" not in inlined(OLD)


def one(published: dict[tuple[str, int], Schema], today: dict[tuple[str, int], Schema], *upcasters: int) -> Standing:
    (found,) = standings(published, today, [("Waved", version) for version in upcasters])
    return found


NEW = changed(lambda schema: schema["required"].append("note"))


def test_what_was_never_published_is_new() -> None:
    assert one({}, {("Waved", 1): OLD}).state == "new"


def test_what_is_as_published_is_published_and_a_harmless_change_is_changed() -> None:
    harmless = changed(ALLOWED["a new optional field"])
    assert one({("Waved", 1): OLD}, {("Waved", 1): OLD}).state == "published"
    assert one({("Waved", 1): OLD}, {("Waved", 1): harmless}).state == "changed"


def test_a_new_version_may_break_what_it_likes_when_old_records_are_lifted() -> None:
    assert one({("Waved", 1): OLD}, {("Waved", 2): NEW}, 1).state == "raised"


def test_a_new_version_without_an_upcaster_is_refused() -> None:
    found = one({("Waved", 1): OLD}, {("Waved", 3): NEW}, 2)
    assert [problem.change for problem in found.problems] == ["no upcaster"]
    assert found.problems[0].version == 1


@pytest.mark.parametrize("today", [{}, {("Waved", 1): OLD}])
def test_a_message_or_version_that_is_gone_is_refused(today: dict[tuple[str, int], Schema]) -> None:
    found = one({("Waved", 2): OLD}, today)
    assert [problem.change for problem in found.problems] == ["removed message"]


def test_the_contracts_of_today_bear_comparison_with_the_published_ones() -> None:
    refuse(check(ROOT))


def test_every_problem_is_told_at_once() -> None:
    found = standings({("Waved", 1): OLD, ("Nodded", 1): OLD}, {("Waved", 1): NEW})
    with pytest.raises(IncompatibleError, match="2 incompatible changes") as refused:
        refuse(found)
    assert "Nodded v1: removed message" in str(refused.value)
    assert "Waved v1, note: newly required" in str(refused.value)
