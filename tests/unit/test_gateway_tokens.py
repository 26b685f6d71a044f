"""Resume tokens: they come back as they were, and no others are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from query_api.gateway.tokens import Cut, Signer

SIGNER = Signer(b"k" * 32)
CUTS = st.builds(
    Cut,
    st.binary(min_size=6, max_size=6).map(bytes.hex),
    st.lists(st.integers(0, 2**63), max_size=32).map(tuple),
)


@given(CUTS)
def test_a_token_says_what_was_signed(cut: Cut) -> None:
    token = SIGNER.sign(cut)
    assert SIGNER.read(token) == cut
    assert len(token) <= 512
    assert token.isascii()


@given(st.text(max_size=120))
def test_no_other_text_is_a_token(text: str) -> None:
    assert SIGNER.read(text) is None


@given(CUTS, st.integers(0), st.integers(1, 255))
def test_a_token_that_was_changed_is_none(cut: Cut, place: int, change: int) -> None:
    token = SIGNER.sign(cut)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = place % (len(token) - 1)  # the last character may carry bits that say nothing
    other = alphabet[(alphabet.index(token[at]) + change) % 64]
    forged = token[:at] + other + token[at + 1 :]
    assert forged == token or SIGNER.read(forged) is None


def test_a_token_of_another_key_is_none() -> None:
    assert Signer(b"o" * 32).read(SIGNER.sign(Cut("0" * 12, (1, 2)))) is None


def test_a_partition_that_is_new_begins_at_zero() -> None:
    before, now = Cut("0" * 12, (5,)), Cut("0" * 12, (5, 3))
    assert before.at(1) == 0
    assert now.beyond(before)
    assert not before.beyond(now)
