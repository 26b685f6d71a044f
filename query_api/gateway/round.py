"""One round: a message of everyone's, or several messages, on the way to those who get them."""

from __future__ import annotations

from collections.abc import Iterable

from query_api.gateway.mail import Mail
from query_api.gateway.members import Member


class Round:
    """Whom something concerns comes first. True while there is somebody left."""

    def __init__(self, post: Mail, members: Iterable[Member] = ()) -> None:
        self._post = post
        others = members if post.common else post.lobby if post.inside else ()
        self._left = dict.fromkeys(reversed([*others]))  # the next one is the last: it is taken out at once
        for member in post.special:
            self._left.pop(member, None)
            self._left[member] = None

    def __bool__(self) -> bool:
        return bool(self._left)

    def go(self, most: int) -> int:
        """Write to the next clients, `most` at a time; how many of them there was something for."""
        left, to, sent = self._left, self._post.to, 0
        for _ in range(min(most, len(left))):
            member, _ = left.popitem()
            if message := to(member):
                member.sink.offer(message)
                sent += 1
        return sent

    def visit(self, member: Member) -> None:
        """Write to this one now, where its turn has not come yet."""
        if member in self._left:
            del self._left[member]
            if message := self._post.to(member):
                member.sink.offer(message)
