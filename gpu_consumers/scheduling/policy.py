"""The rules by which a device is shared out, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.values import Lane

#: The lanes, most urgent first.
ORDER = tuple(Lane)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How urgent lanes and jobs are served.

    `shares`: the part of the device's time that a lane earns while more urgent ones have it. This is the ageing: a lane
    that waits collects credit and spends it in turns of one step, so none starves, however much lies before it or in
    it. The sum bounds what urgent work can lose, at 1 / (1 - sum): 1.11 times as shipped.
    """

    shares: Mapping[Lane, float] = field(default_factory=lambda: {Lane.PREFETCH: 0.05, Lane.BULK: 0.05})
    #: Deadline of a request without one, in seconds after it came.
    patience_s: Mapping[Lane, float] = field(
        default_factory=lambda: {Lane.INTERACTIVE: 30.0, Lane.PREFETCH: 300.0, Lane.BULK: 86_400.0}
    )
    #: What can no longer be done in time steps back by so much, so that it does not make others late as well.
    grace_s: float = 60.0
    #: A turn on credit lasts for so many steps, or for so many times what loading its model takes, if that is longer.
    turn_steps: float = 1.0
    turn_loads: float = 10.0
    #: Jobs that share a batch, and how much more a batch must make before it pays.
    batch_most: int = 4
    batch_gain: float = 1.2
