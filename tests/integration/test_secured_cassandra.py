"""Cassandra with TLS, certificates of clients and passwords: tables are made and asked, and refusals tell why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from infra.cassandra.cluster import ask
from infra.cassandra.migrate import apply_tables
from infra.cassandra.session import Session
from infra.errors import StoreRefusedError, UnavailableError
from infra.settings import Settings
from tests.integration.authority import Authority
from tests.integration.secured_cassandra import SecuredCassandra, secured_cassandra, settings

pytestmark = pytest.mark.timeout(240)
Given = Callable[..., Settings]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredCassandra]:
    with secured_cassandra(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture(scope="module")
def given(node: SecuredCassandra) -> Given:
    """Settings that let a client in, but for what is said."""
    right = settings(node)

    def use(**wrong: object) -> Settings:
        return Settings(**right | wrong)  # type: ignore[arg-type]

    _wait_for_roles(use())
    return use


def test_tables_are_made_and_asked(given: Given) -> None:
    config = given()

    assert "videos" in apply_tables(config)
    session = Session(config, {"one": "SELECT release_version FROM system.local"}, request_s=5)
    try:
        session.wait(20)
        assert session.submit(session.bind("one", {})).result().one()
    finally:
        session.close()


def test_who_is_refused_is_told_why_in_time(given: Given, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    chain, key = stranger.issue("client")
    for wrong, says, setting in (
        ({"cassandra_password": "not-it"}, "Bad credentials", "SWIPESTREAM_CASSANDRA_USER"),
        ({"cassandra_user": "", "cassandra_password": ""}, "requires authentication", "SWIPESTREAM_CASSANDRA_USER"),
        ({"cassandra_ca": stranger.file}, "CERTIFICATE_VERIFY_FAILED", "SWIPESTREAM_CASSANDRA_CA"),
        ({"cassandra_certificate": chain, "cassandra_key": key}, "ssl", "_CERTIFICATE"),
        ({"cassandra_check_host": True}, "IP address mismatch", "_CHECK_HOST"),
    ):
        begun = time.monotonic()
        with pytest.raises(StoreRefusedError, match=says) as error:
            ask(given(**wrong))
        assert time.monotonic() - begun < 10
        assert setting in (error.value.hint or "")
        assert "not-it" not in str(error.value)


def test_a_session_that_is_refused_says_so(given: Given) -> None:
    session = Session(given(cassandra_password="not-it"), {})
    try:
        with pytest.raises(StoreRefusedError, match="Bad credentials"):
            session.wait(8)
    finally:
        session.close()


def test_without_tls_there_is_no_answer_and_the_setting_is_named(given: Given) -> None:
    without = dict.fromkeys(("cassandra_ca", "cassandra_certificate", "cassandra_key"))

    with pytest.raises(UnavailableError) as error:
        ask(given(cassandra_tls=False, **without))

    assert "SWIPESTREAM_CASSANDRA_TLS" in (error.value.hint or "")


def _wait_for_roles(config: Settings) -> None:
    """A new node makes its first role some seconds after it listens."""
    for _ in range(60):
        with suppress(UnavailableError):
            return ask(config)
        time.sleep(1)
    raise AssertionError("nobody may log in")
