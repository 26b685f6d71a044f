"""A lease: held for so long after each answer of the group, and not a moment longer."""

from __future__ import annotations

from processors.changelog import DELIVERY_S, LEASE_S, SESSION_S
from processors.lease import Lease


def test_it_is_held_from_each_answer_on() -> None:
    now = 100.0
    lease = Lease(5, clock=lambda: now)
    assert not lease.held  # nobody has answered yet
    lease.renew()
    now = 104.9
    assert lease.held
    now = 105.0
    assert not lease.held
    # an answer counts from the question on; one that was asked earlier takes nothing back
    lease.renew(104.0)
    lease.renew(102.0)
    now = 108.9
    assert lease.held
    now = 109.0
    assert not lease.held


def test_what_is_sent_at_its_end_is_over_before_the_session_is() -> None:
    assert LEASE_S > 0
    assert LEASE_S + DELIVERY_S < SESSION_S
