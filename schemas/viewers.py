"""Topic family `viewers`: what becomes of viewers themselves."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Message, Micros, ViewerId, message


@message("viewers")
class ViewerForgotten(Message):
    """A viewer was erased. Nobody can say any more who that was: `viewer_id` is a pseudonym whose key is destroyed.

    Every reader leaves out, or deletes, what it holds of this pseudonym up to `until_us`; whatever the order in which
    it reads.
    """

    viewer_id: ViewerId
    ts_us: Micros
    since_us: Micros = Field(description="nothing tells of the pseudonym before this moment")
    until_us: Micros = Field(description="what is stamped up to then is gone: a little later than ts_us")
    by: str = Field(min_length=1, max_length=200, description="the operator who did it")
    why: str = Field("", max_length=2000)

    @property
    def key(self) -> str:
        return self.viewer_id
