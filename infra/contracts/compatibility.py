"""What a contract's change breaks: today's schemas against the published ones, in both directions. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from infra.contracts.compare import Gap, Schema, gaps, inlined, paths

Version = tuple[str, int]

#: The name of a gap when today's readers meet it, and when published readers do.
_BACKWARD = {"required": "newly required", "values": "fewer values", "range": "narrower range"}
_FORWARD = {"required": "no longer required", "values": "more values", "range": "wider range"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that must not change without a new version, or that a new version lacks."""

    message: str
    version: int
    field: str
    change: str
    why: str

    def __str__(self) -> str:
        place = f"{self.message} v{self.version}" + (f", {self.field}" if self.field else "")
        return f"{place}: {self.change}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A message beside its published version. `state`: published, changed, new, raised, gone or incompatible."""

    message: str
    published: int | None
    today: int | None
    state: str
    problems: tuple[Problem, ...] = ()


def standings(
    published: Mapping[Version, Schema], today: Mapping[Version, Schema], upcasters: Collection[Version] = ()
) -> list[Standing]:
    """Where every message stands, sorted by name. `upcasters` are the (type, from version) that can be lifted."""
    names = sorted({name for name, _ in (*published, *today)})
    return [_standing(name, published, today, upcasters) for name in names]


def compare(name: str, version: int, old: Schema, new: Schema) -> Iterator[Problem]:
    """What breaks between the published schema of a version and today's."""

    def problem(field: str, change: str, why: str) -> Problem:
        return Problem(message=name, version=version, field=field, change=change, why=why)

    before, after = inlined(old), inlined(new)
    for keyword in ("x-topics", "x-key"):
        if old.get(keyword) != new.get(keyword):
            yield problem("", f"moved ({keyword[2:]})", f"{_shown(old, keyword)} was {_shown(new, keyword)}")
    for path in _removed(before, after):
        yield problem(path, "removed field", "published readers and analysts' queries expect it")
    for gap in gaps(before, after):
        yield problem(gap.path, _named(gap, _BACKWARD), f"records written before {gap.what}; today's readers refuse it")
    for gap in gaps(after, before):
        yield problem(gap.path, _named(gap, _FORWARD), f"records written today {gap.what}; published readers refuse it")


def _standing(
    name: str, published: Mapping[Version, Schema], today: Mapping[Version, Schema], upcasters: Collection[Version]
) -> Standing:
    last, now = _newest(name, published), _newest(name, today)
    problems = tuple(_problems(name, last, now, published, today, upcasters))
    state = "incompatible" if problems else _state(name, last, now, published, today)
    return Standing(message=name, published=last, today=now, state=state, problems=problems)


def _problems(
    name: str,
    last: int | None,
    now: int | None,
    published: Mapping[Version, Schema],
    today: Mapping[Version, Schema],
    upcasters: Collection[Version],
) -> Iterator[Problem]:
    if last is None:
        return
    if now is None or now < last:
        why = "its records are in the topics for as long as those are kept"
        yield Problem(message=name, version=last, field="", change="removed message", why=why)
        return
    if now == last:
        yield from compare(name, last, published[(name, last)], today[(name, now)])
    for version in range(1, now):
        if (name, version) not in upcasters:
            why = f"records of version {version} could not be read any more: add one to schemas.upcasters"
            yield Problem(message=name, version=version, field="", change="no upcaster", why=why)


def _state(
    name: str,
    last: int | None,
    now: int | None,
    published: Mapping[Version, Schema],
    today: Mapping[Version, Schema],
) -> str:
    if last is None or now is None:
        return "new"
    if now > last:
        return "raised"
    return "published" if published[(name, last)] == today[(name, now)] else "changed"


def _removed(before: Schema, after: Schema) -> list[str]:
    """The fields that are gone; of one that held others only itself."""
    kept = set(paths(after))
    lost = [path for path in dict.fromkeys(paths(before)) if path not in kept]
    return [path for path in lost if not any(_inside(path, other) for other in lost)]


def _inside(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}[", f"{other}{{"))


def _newest(name: str, versions: Mapping[Version, Schema]) -> int | None:
    return max((version for known, version in versions if known == name), default=None)


def _named(gap: Gap, names: Mapping[str, str]) -> str:
    return names.get(gap.aspect, f"changed {gap.aspect}")


def _shown(schema: Schema, keyword: str) -> str:
    value = schema.get(keyword)
    return ", ".join(value) if isinstance(value, list) else str(value)
