"""Which letters a command is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.deadletters.letters import Letter
from infra.errors import BadInputError, NotFoundError
from schemas.topics import CONSUMERS


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Filters that must all hold; an empty one always does. `since_ms` is about the moment of death."""

    ids: tuple[str, ...] = ()
    consumer: str = ""
    reason: str = ""
    topic: str = ""
    key: str = ""
    since_ms: int | None = None
    #: Letters that were sent back or discarded, too.
    decided: bool = False

    @property
    def consumers(self) -> tuple[str, ...]:
        """Whose dead letters need to be read. Raises NotFoundError for a consumer that there is not."""
        named = [self.consumer] if self.consumer else [one.split("/")[0] for one in self.ids]
        for name in named:
            if name not in CONSUMERS:
                raise NotFoundError(f"There is no consumer {name!r}.", hint=f"There are: {', '.join(CONSUMERS)}.")
        return tuple(dict.fromkeys(named)) or CONSUMERS

    @property
    def narrow(self) -> bool:
        """Whether anything was chosen at all."""
        return bool(self.ids or self.consumer or self.reason or self.topic or self.key or self.since_ms is not None)

    def holds(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        record = letter.trial.record
        return (
            (not self.ids or letter.id in self.ids)
            and (not self.consumer or letter.consumer == self.consumer)
            and (not self.reason or letter.reason == self.reason)
            and (not self.topic or record.topic == self.topic)
            and (not self.key or letter.key == self.key)
            and (self.since_ms is None or letter.failed_at_ms >= self.since_ms)
            and (self.decided or letter.decided is None)
        )


def choose(letters: Iterable[Letter], choice: Choice) -> Iterator[Letter]:
    """The letters that are meant."""
    return filter(choice.holds, letters)


def insist(choice: Choice, *, every: bool) -> None:
    """Raises BadInputError where a command would act on everything without being told so."""
    if not choice.narrow and not every:
        raise BadInputError("Which letters?", hint="Name their ids, give a filter, or say --all.")


def all_found(found: Iterable[Letter], choice: Choice) -> None:
    """Raises NotFoundError where an id was named that is not there, or was decided before."""
    missing = [one for one in choice.ids if one not in {letter.id for letter in found}]
    if missing:
        raise NotFoundError(
            f"There is no letter {', '.join(missing)} to act on.",
            hint="It was sent back or discarded before, or its time has passed: see `swipestream dead list --decided`.",
        )
