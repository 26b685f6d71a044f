"""Who asks: tokens, claims and scopes; an issuer's keys, fetched, kept and rotated."""

from __future__ import annotations

import base64
import hmac
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from infra.auth.keys import derived, root_key
from infra.auth.local import headers
from infra.auth.scopes import ALL, Scope
from infra.auth.tokens import ISSUER, TokenError, TokenIssuer
from infra.errors import UnavailableError
from infra.settings import Settings
from query_api.identity import oidc
from query_api.identity.identity import Identity
from query_api.identity.oidc import OidcIssuer
from query_api.identity.principal import ForbiddenError, Principal, UnauthenticatedError


def at(folder: Path, **changes: Any) -> Settings:
    return Settings(data_dir=folder, **changes)


def issuer(settings: Settings) -> TokenIssuer:
    return TokenIssuer(root_key(settings))


async def test_on_one_machine_who_comes_without_a_token_is_believed(tmp_path: Path) -> None:
    identity = Identity(at(tmp_path))
    assert await identity.who(None, "anna") == Principal("anna", ALL)
    assert (await identity.who(None)).viewer_id is None


@pytest.mark.parametrize(
    ("host", "auth", "required"),
    [
        ("127.0.0.1", "auto", False), ("localhost", "auto", False), ("::", "auto", True),
        ("192.168.1.7", "auto", True), ("10.0.0.1", "open", False), ("127.0.0.1", "required", True),
    ],
)  # fmt: skip
async def test_beyond_this_machine_a_token_is_needed_unless_told_otherwise(
    tmp_path: Path, host: str, auth: str, required: bool
) -> None:
    identity = Identity(at(tmp_path, host=host, auth=auth))
    assert identity.required is required
    if required:
        with pytest.raises(UnauthenticatedError):
            await identity.who(None, "anna")


async def test_a_token_speaks_for_its_own_viewer_alone(tmp_path: Path) -> None:
    settings = at(tmp_path, auth="required")
    identity, token = Identity(settings), issuer(settings).issue("anna", [Scope.VIEWER], 60)
    assert (await identity.who(token)).viewer_id == (await identity.who(token, "anna")).viewer_id == "anna"
    with pytest.raises(ForbiddenError):
        await identity.who(token, "bob")


async def test_an_operators_token_speaks_for_every_viewer(tmp_path: Path) -> None:
    settings = at(tmp_path)
    who = await Identity(settings).who(issuer(settings).issue("op", ALL, 60), "bob")
    assert who.viewer_id == "bob" and who.is_operator


async def test_every_viewer_is_known_by_the_same_mapping(tmp_path: Path) -> None:
    settings = at(tmp_path)

    async def known_as(name: str) -> str:
        return f"p-{name}"

    identity = Identity(settings, known_as)
    token = issuer(settings).issue("anna", [Scope.VIEWER], 60)
    ids = {(await identity.who(*one)).viewer_id for one in ((None, "anna"), (token, None), (token, "anna"))}
    assert ids == {"p-anna"}


def forged(settings: Settings, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": ISSUER, "sub": "anna", "scope": "operator", "exp": now + 60} | changes
    key = OctKey.import_key(derived(root_key(settings), "token"))
    return jwt.encode({"alg": "HS256"}, {name: value for name, value in claims.items() if value is not None}, key)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1}, {"exp": None}, {"exp": "never"}, {"exp": True}, {"nbf": 2**40}, {"sub": None}, {"sub": ""},
        {"sub": 7}, {"aud": "other"}, {"aud": None}, {"iss": "urn:other"},
    ],
)  # fmt: skip
async def test_a_token_that_does_not_hold_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = at(tmp_path)
    with pytest.raises(UnauthenticatedError):
        await Identity(settings).who(forged(settings, **changes))


@pytest.mark.parametrize("place", [0, 1])
async def test_a_token_whose_json_is_nested_without_end_is_refused(tmp_path: Path, place: int) -> None:
    # Given a header, or claims, that no parser follows to the end
    told = [{"alg": "HS256", "typ": "JWT"}, {"iss": ISSUER}]
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in told]
    parts[place] = base64.urlsafe_b64encode(b"[" * 6000).decode()
    # When somebody comes with it, then it is a token like any other that is none
    with pytest.raises(UnauthenticatedError):
        await Identity(at(tmp_path)).who(".".join([*parts, "c2ln"]))


async def test_what_is_not_signed_with_our_key_is_refused(tmp_path: Path) -> None:
    settings = at(tmp_path / "a")
    head, body, signature = forged(settings).split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    other = forged(at(tmp_path / "b"))
    changed = base64.urlsafe_b64encode(b'{"iss":"urn:swipestream","sub":"root","exp":9999999999}').decode().rstrip("=")
    for token in ("", "x", "a.b.c", f"{none}.{body}.", other, f"{head}.{changed}.{signature}", f"{head}.{body}"):
        with pytest.raises(UnauthenticatedError):
            await Identity(settings).who(token)


async def test_an_expired_token_is_refused_although_it_was_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at(tmp_path)
    identity, token = Identity(settings), issuer(settings).issue("anna", [Scope.VIEWER], 60)
    await identity.who(token)
    later = time.time() + 120
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(UnauthenticatedError):
        await identity.who(token)


@pytest.mark.parametrize(
    ("has", "allows"),
    [
        ({Scope.VIEWER}, {Scope.VIEWER}), ({Scope.CREATOR}, {Scope.VIEWER, Scope.CREATOR}), (set(), set()),
        ({Scope.OPERATOR}, set(Scope)),
    ],
)  # fmt: skip
def test_scopes(has: set[Scope], allows: set[Scope]) -> None:
    who = Principal("anna", frozenset(has))
    for scope in Scope:
        if scope in allows:
            who.need(scope)
        else:
            with pytest.raises(ForbiddenError):
                who.need(scope)


async def test_a_session_can_be_prolonged_and_keeps_its_viewer(tmp_path: Path) -> None:
    identity = Identity(at(tmp_path, auth="required"))
    token, claims = await identity.session(None)
    _, again = await identity.session(token)
    assert again.name == claims.name and claims.scopes == again.scopes == {Scope.VIEWER, Scope.CREATOR}
    assert (await identity.session(None))[1].name != claims.name


async def test_nobody_gets_the_session_of_another_viewer(tmp_path: Path) -> None:
    identity = Identity(at(tmp_path, auth="required"))
    token, _ = await identity.session(None)
    for mine in (None, token):
        with pytest.raises(ForbiddenError):
            await identity.session(mine, "anna")


async def test_prolonging_a_session_gives_no_more_than_it_had(tmp_path: Path) -> None:
    settings = at(tmp_path, auth="required")
    _, claims = await Identity(settings).session(issuer(settings).issue("anna", [Scope.VIEWER], 60))
    assert claims.scopes == {Scope.VIEWER}


async def test_an_installation_may_have_no_anonymous_sessions(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError):
        await Identity(at(tmp_path, session_scopes="")).session(None)


def test_the_cli_of_the_same_machine_makes_its_own_token(tmp_path: Path) -> None:
    assert headers(at(tmp_path)) == {}  # none is needed
    away = at(tmp_path / "away", auth="required")
    assert headers(away) == {}  # there is no key that it could read, and it makes none
    assert not (tmp_path / "away").exists()
    here = at(tmp_path, auth="required")
    made = issuer(here).read(headers(here)["Authorization"].removeprefix("Bearer "))
    assert made.scopes == ALL
    assert headers(at(tmp_path, token="given")) == {"Authorization": "Bearer given"}


def test_a_token_for_another_use_of_the_key_is_none() -> None:
    with pytest.raises(TokenError):
        TokenIssuer(b"a" * 32).read(TokenIssuer(derived(b"a" * 32, "cursor")).issue("x", ALL, 60))


class Issuer:
    """An OpenID Connect issuer; `down` takes it away."""

    url = "https://login.example.org/realm"

    def __init__(self) -> None:
        self.keys = [self.make("one")]
        self.down, self.asked = False, 0

    @staticmethod
    def make(kid: str) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.down:
            raise httpx.ConnectTimeout("away")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        return httpx.Response(200, json=KeySet(self.keys).as_dict(private=False))  # type: ignore[arg-type]

    def reader(self) -> OidcIssuer:
        return OidcIssuer(self.url, "swipestream", httpx.AsyncClient(transport=httpx.MockTransport(self.answer)))

    def token(self, key: RSAKey | None = None, **changes: Any) -> str:
        key = key or self.keys[-1]
        claims = {
            "iss": self.url, "aud": ["other", "swipestream"], "sub": "user|7", "exp": int(time.time()) + 60,
            "roles": ["swipestream:operator", "cook"],
        } | changes  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


async def test_an_issuers_token_is_taken_and_its_keys_are_fetched_once() -> None:
    remote = Issuer()
    reader = remote.reader()
    for _ in range(3):
        claims = await reader.read(remote.token())
    assert (claims.name, claims.scopes) == ("user|7", {Scope.OPERATOR})
    assert remote.asked == 2


async def test_a_rotated_key_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Issuer()
    reader = remote.reader()
    await reader.read(remote.token())
    remote.keys = [remote.make("two")]
    monkeypatch.setattr(oidc, "PAUSE_S", 0.0)
    assert (await reader.read(remote.token())).name == "user|7"


async def test_made_up_keys_do_not_become_requests() -> None:
    remote = Issuer()
    reader = remote.reader()
    await reader.read(remote.token())
    asked = remote.asked
    for number in range(5):
        with pytest.raises(TokenError):
            await reader.read(remote.token(remote.make(f"made-up-{number}")))
    assert remote.asked == asked


async def test_while_the_issuer_is_away_its_keys_go_on_and_without_any_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remote = Issuer()
    known, fresh = remote.reader(), remote.reader()
    await known.read(remote.token())
    remote.down = True
    monkeypatch.setattr(oidc, "FRESH_S", 0.0)
    monkeypatch.setattr(oidc, "PAUSE_S", 0.0)
    assert (await known.read(remote.token())).name == "user|7"
    with pytest.raises(UnavailableError):
        await fresh.read(remote.token())


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


async def test_a_public_key_is_no_shared_secret() -> None:
    # given the old trick: a token "signed" by HMAC with the text of the issuer's public key
    remote = Issuer()
    claims = {"iss": remote.url, "aud": "swipestream", "sub": "x", "exp": int(time.time()) + 60}
    signed = ".".join(encoded(part) for part in ({"alg": "HS256", "kid": "one"}, claims))
    mac = hmac.digest(remote.keys[0].as_pem(private=False), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    with pytest.raises(TokenError):
        await remote.reader().read(token)


@pytest.mark.parametrize("changes", [{"aud": "other"}, {"exp": 1}, {"iss": "https://other"}])
async def test_an_issuers_token_for_somebody_else_is_refused(changes: dict[str, Any]) -> None:
    remote = Issuer()
    with pytest.raises(TokenError):
        await remote.reader().read(remote.token(**changes))


async def test_an_issuers_subject_becomes_a_name_that_says_nothing(tmp_path: Path) -> None:
    remote = Issuer()
    identity = Identity(at(tmp_path, oidc_issuer=remote.url, auth="required"))
    identity._oidc = remote.reader()
    who = await identity.who(remote.token(sub="anna@example.org"))
    assert who.viewer_id is not None and who.viewer_id.startswith("oidc-") and "anna" not in who.viewer_id
    assert who.viewer_id == (await identity.who(remote.token(sub="anna@example.org", exp=2**33))).viewer_id
    with pytest.raises(ForbiddenError):  # its issuer prolongs it, we do not
        await identity.session(remote.token())
