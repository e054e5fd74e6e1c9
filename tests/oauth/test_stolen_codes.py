"""Who has somebody else's code, or guesses one, or changes what was asked on the way, gets nothing
(RFC 6749 section 10, RFC 9700 section 4)."""

import secrets
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest

from authgate import provisioning
from authgate.oauth import pkce
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate.web.redirect_uris import BadRedirectUri
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import (
    Application,
    allowed,
    challenge,
    claims,
    decided,
    hidden_fields,
    is_asked,
    sent_on,
    told,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@on_sqlite
async def test_co_07_nobody_guesses_a_code(
    server: RunningServer, native: Application, person: Person, acme: Tenant, ledger: Ledger
) -> None:
    asking = native.ask()
    code = (await allowed(person, asking))["code"]
    assert len(code) == 43, "32 random bytes, twice what nobody guesses"
    near = [code[:-1], f"{code}A", code.swapcase(), f"{code[:-2]}AA", code[::-1], challenge(code)]
    wild = [secrets.token_urlsafe(32) for _ in range(200)]
    refused = set()
    async with ledger.nothing_granted(acme):
        for guess in [*near, *wild]:
            answer = await native.redeem(guess, asking)
            refused.add((answer.status_code, answer.json()["error"]))
            if answer.status_code == 429:
                break
    assert refused == {(400, "invalid_grant"), (429, "rate_limit_exceeded")}
    patient = server.from_address("198.51.100.7")
    native.http = patient
    assert (await native.redeem(code, asking)).status_code == 200, "nobody has spent it"


@on_sqlite
async def test_co_13_a_stolen_code_is_worth_nothing_in_the_thief_s_own_browser(
    console: Application, person: Person, colleague: Person, ledger: Ledger, acme: Tenant
) -> None:
    stolen = (await allowed(person, console.ask()))["code"]
    thief = console.ask()
    await allowed(colleague, thief)
    async with ledger.nothing_granted(acme):
        answer = await console.redeem(stolen, thief)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@on_sqlite
async def test_co_13_without_a_challenge_the_nonce_tells_whose_code_it_is(
    server: RunningServer, console: Application, person: Person, colleague: Person, acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.change_client(server.parts, "console", ClientChange(pkce_optional=True))
    unproven = {"code_challenge": "", "code_challenge_method": ""}
    victim, thief = console.ask(**unproven), console.ask(**unproven)
    stolen = (await allowed(person, victim))["code"]
    await allowed(colleague, thief)
    answer = await console.redeem(stolen, thief, code_verifier="")
    identity = await claims(console.http, acme, answer.json()["id_token"], audience="console")
    assert identity["nonce"] == victim.nonce != thief.nonce


@on_sqlite
async def test_mx_05_what_was_asked_cannot_be_changed_on_the_way(
    console: Application, native: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask(scope="openid")
    page = await sent_on(person, asking.url)
    other = {
        "response_type": "token",
        "response_mode": "fragment",
        "scope": "openid read write",
        "client_id": "desktop",
        "redirect_uri": native.redirect_uri,
        "code_challenge": "",
        "state": "other",
        "nonce": "other",
    }
    with use_tenant(acme):
        before = await AuthorizationRequestRow.get().values("client_id", "parameters")
    again = await person.http.get(str(page.url), params=other)
    assert is_asked(again)
    assert hidden_fields(again.text)["request"] == hidden_fields(page.text)["request"]
    answer = await person.submit(other | {"decision": "allow"}, to="/decision", follow=False)
    assert answer.headers["Location"].startswith(f"{console.redirect_uri}?")
    assert told(answer)["state"] == asking.state
    with use_tenant(acme):
        assert await AuthorizationRequestRow.get().values("client_id", "parameters") == before
    code = told(answer)["code"]
    assert (await native.redeem(code, asking)).json()["error"] == "invalid_grant"
    tokens = (await console.redeem(code, asking)).json()
    assert tokens["scope"] == "openid"


@on_sqlite
async def test_mx_05_a_sign_in_that_is_over_or_never_began_is_not_taken_up_again(
    console: Application, person: Person
) -> None:
    page = await sent_on(person, console.ask().url)
    handle = str(page.url).rpartition("/")[2]
    await decided(person, "allow")
    for revived in (handle, handle[:-1], handle.swapcase(), secrets.token_urlsafe(32)):
        url = str(page.url).replace(handle, revived)
        answer = await person.http.get(url, params={"response_type": "token"})
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


@on_sqlite
async def test_ru_07_who_stands_before_the_host_is_not_the_host(
    server: RunningServer, native: Application, person: Person, acme: Tenant
) -> None:
    for uri in (
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1%40evil.example/callback",
        "http://127.0.0.1:80%40evil.example/callback",
        "http://127.0.0.1:80\\@evil.example/callback",
        "http://127.0.0.1:80#@evil.example/callback",
        "http://127.0.0.1:80?@evil.example/callback",
        "http://mallory@127.0.0.1:80/callback",
        "http://127.0.0.1:80:80/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:\uff18\uff10/callback",
        "http://127.0.0.1:123456/callback",
    ):
        answer = await person.http.get(native.ask(redirect_uri=uri).url)
        assert (answer.status_code, "Location" in answer.headers) == (400, False), uri
        if uri == "http://127.0.0.1:80?@evil.example/callback":
            continue  # leads to the machine itself, with an odd query
        with use_tenant(acme), pytest.raises(BadRedirectUri):
            await provisioning.change_client(
                server.parts, "desktop", ClientChange(redirect_uris=[uri])
            )


def test_pk_10_a_proof_takes_the_same_steps_however_near_it_is() -> None:
    right = "v" * 43
    stored = challenge(right)
    near = [stored[:length] + "!" * (43 - length) for length in range(43)]
    assert pkce.proves(right, stored)
    steps = {taken(partial(pkce.proves, right, other)) for other in [stored, *near]}
    assert len(steps) == 1
    assert "compare_digest" in steps.pop()
    wrong = ("v" * (number % 42) + f"{number:043}"[-43 + number % 42 :] for number in range(10_000))
    assert not any(pkce.proves(verifier, stored) for verifier in wrong)


def taken(act: Callable[[], object]) -> tuple[str, ...]:
    """The functions that this calls, in their order."""
    called: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)
        elif event == "c_call":
            called.append(getattr(argument, "__name__", ""))

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return tuple(called)
