"""Close codes (RFC 6455, section 7.4). 4000 to 4999 are ours."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Why a connection was closed. A client may come back at once unless `fatal`."""

    GOING_AWAY = 1001  #: the node stops; come back, any node will do
    LATER = 1013  #: who asks cannot be told right now; come back a little later
    MALFORMED = 4000  #: too many messages that are not what the protocol says
    NO_HELLO = 4001  #: the first message did not come in time
    BAD_HELLO = 4002  #: the first message was not a hello
    TOO_FAST = 4003  #: more messages than allowed
    TOO_MANY = 4004  #: this viewer has too many connections
    UNKNOWN = 4005  #: the token is missing, not valid, or somebody else's
    EXPIRED = 4006  #: the token has expired and no newer one came; come back with one
    TOO_SLOW = 4008  #: the client did not read what was sent to it

    @property
    def fatal(self) -> bool:
        """Whether trying again will end the same way."""
        return self in (Code.MALFORMED, Code.BAD_HELLO)
