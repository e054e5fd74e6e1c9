"""``groups`` and ``roles``: what an application is told of the groups that somebody belongs to
(RFC 9068 section 2.2.3.1)."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import UnfitClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import group_members
from authgate.storage.people.users import User
from authgate.tokens import group_claims
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

if TYPE_CHECKING:
    from tests.groups.conftest import Begin, Portal

BOTH = "openid groups roles offline_access"
BOOKS = "https://books.example/"
TOLD = ("groups", "roles", "_claim_names", "_claim_sources")


def _said(token: str) -> dict[str, object]:
    """What a token tells of groups."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return {name: claims[name] for name in TOLD if name in claims}


async def _introspected(app: Application, token: str) -> dict[str, object]:
    url = f"{app.tenant.issuer}/oauth/introspect"
    answer = (await app.http.post(url, data=app.credentials() | {"token": token})).json()
    assert answer["active"] is True
    return {name: answer[name] for name in TOLD if name in answer}


async def _userinfo(at: Caller, token: str) -> dict[str, object]:
    answer = (await at.get("/oauth/userinfo", bearer=token)).json()
    return {name: answer[name] for name in TOLD if name in answer}


def _listed(told: dict[str, object]) -> list[object]:
    groups = told["groups"]
    assert isinstance(groups, list)
    return groups


async def test_whoever_allows_it_has_their_groups_told_everywhere_and_as_they_are_now(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    person: Person,
    alice: User,
    carol: User,
    portal: "Portal",
    begin: "Begin",
) -> None:
    staff = await begin("Staff", alice, roles=["books:read", "desk"])
    await begin("Board", alice, carol, roles=["books:write", "desk"])
    await begin("Guests", carol, roles=["lobby"])
    app = await portal()
    asking = app.ask(scope=BOTH)
    page = await sent_on(person, asking.url)
    assert "See which groups you belong to" in page.text
    tokens = await app.signed_in(person, scope=BOTH)
    all_of_it = {"groups": ["Board", "Staff"], "roles": ["books:read", "books:write", "desk"]}
    for token in (tokens["access_token"], tokens["id_token"]):
        assert _said(token) == all_of_it
    assert await _userinfo(at_acme, tokens["access_token"]) == all_of_it
    assert await _introspected(app, tokens["access_token"]) == all_of_it

    with use_tenant(acme):
        await provisioning.remove_members(staff.id, [alice.id], now=server.clock())
    less = {"groups": ["Board"], "roles": ["books:write", "desk"]}
    assert await _introspected(app, tokens["access_token"]) == less
    assert await _userinfo(at_acme, tokens["access_token"]) == less
    again = (await app.refresh(tokens["refresh_token"])).json()
    assert _said(again["access_token"]) == _said(again["id_token"]) == less
    narrowed = (await app.refresh(again["refresh_token"], scope="openid groups")).json()
    assert _said(narrowed["access_token"]) == {"groups": ["Board"]}


@on_sqlite
async def test_a_client_is_told_names_or_ids_and_those_that_begin_as_it_wants(
    person: Person, alice: User, portal: "Portal", begin: "Begin"
) -> None:
    books = await begin("Books: staff", alice, roles=["books:read", "desk"])
    await begin("Kitchen", alice, roles=["kitchen:cook"])
    app = await portal(groups_claim="ids", groups_prefix="BOOKS:", roles_prefix="books:")
    tokens = await app.signed_in(person, scope=BOTH)
    assert _said(tokens["id_token"]) == {"groups": [str(books.id)], "roles": ["books:read"]}
    with pytest.raises(UnfitClient):
        await portal(groups_claim="both")
    with pytest.raises(UnfitClient):
        await portal(roles_prefix="\n")


@on_sqlite
async def test_who_does_not_ask_is_told_nothing_and_nobody_looks_it_up(
    at_acme: Caller,
    person: Person,
    alice: User,
    portal: "Portal",
    begin: "Begin",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await begin("Staff", alice, roles=["desk"])
    app, asked, lookup = await portal(), [], group_members.memberships

    async def counted(*of: object) -> object:
        asked.append(of)
        return await lookup(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(group_members, "memberships", counted)
    tokens = await app.signed_in(person, scope="openid email")
    assert _said(tokens["access_token"]) == _said(tokens["id_token"]) == {}
    assert await _userinfo(at_acme, tokens["access_token"]) == {}
    assert await _introspected(app, tokens["access_token"]) == {}
    assert not asked
    await app.signed_in(person, scope=BOTH)
    assert len(asked) == 1, "once for both tokens"
    wanted = app.ask(scope="openid", claims='{"id_token": {"groups": null}}')
    tokens = (await app.redeem((await allowed(person, wanted))["code"], wanted)).json()
    assert _said(tokens["id_token"]) == {"groups": ["Staff"]}


@on_sqlite
async def test_a_tenant_may_keep_groups_out_of_id_tokens(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    person: Person,
    alice: User,
    portal: "Portal",
    begin: "Begin",
) -> None:
    await begin("Staff", alice, roles=["desk"])
    await provisioning.change_tenant(
        server.parts, acme, change=lambda old: old.changed({"id_token_personal_claims": False})
    )
    tokens = await (await portal()).signed_in(person, scope=BOTH)
    all_of_it = {"groups": ["Staff"], "roles": ["desk"]}
    assert _said(tokens["id_token"]) == {}
    assert _said(tokens["access_token"]) == all_of_it
    assert await _userinfo(at_acme, tokens["access_token"]) == all_of_it


async def test_what_a_token_cannot_bear_is_told_by_userinfo(
    at_acme: Caller,
    acme: Tenant,
    person: Person,
    alice: User,
    portal: "Portal",
    begin: "Begin",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await begin("Staff", alice)
    await begin("Board", alice)
    app = await portal()
    monkeypatch.setattr(group_claims, "MOST", 1)
    elsewhere = {
        "_claim_names": {"groups": "userinfo"},
        "_claim_sources": {"userinfo": {"endpoint": f"{acme.issuer}/oauth/userinfo"}},
    }
    tokens = await app.signed_in(person, scope="openid groups")
    assert _said(tokens["access_token"]) == _said(tokens["id_token"]) == elsewhere
    everything = {"groups": ["Board", "Staff"]}
    assert await _userinfo(at_acme, tokens["access_token"]) == everything
    assert await _introspected(app, tokens["access_token"]) == everything
    alone = await app.signed_in(person, scope="groups")
    assert _said(alone["access_token"]) == elsewhere
    assert await _userinfo(at_acme, alone["access_token"]) == everything
    monkeypatch.undo()
    await begin("😀" * 200, alice)
    tokens = await app.signed_in(person, scope="openid groups")
    assert len(_listed(_said(tokens["id_token"]))) == 3
    for number in range(9):
        await begin(f"{number}{'é' * 190}", alice)
    tokens = await app.signed_in(person, scope="openid groups")
    assert _said(tokens["id_token"]) == elsewhere
    assert len(_listed(await _introspected(app, tokens["access_token"]))) == 12


@on_sqlite
async def test_a_token_that_userinfo_refuses_does_not_refer_to_it(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    person: Person,
    alice: User,
    portal: "Portal",
    begin: "Begin",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, resources=(BOOKS,))
    )
    for name in ("Board", "Staff"):
        await begin(name, alice)
    app = await portal()
    everything = {"groups": ["Board", "Staff"]}
    for most, borne in ((group_claims.MOST, everything), (1, {})):
        monkeypatch.setattr(group_claims, "MOST", most)
        asking = app.ask(scope="openid groups")
        asking.url += f"&resource={quote(BOOKS, safe='')}"
        tokens = (await app.redeem((await allowed(person, asking))["code"], asking)).json()
        assert _said(tokens["access_token"]) == _said(tokens["id_token"]) == borne
        refused = await at_acme.get("/oauth/userinfo", bearer=tokens["access_token"])
        assert refused.status_code == 401
        assert await _introspected(app, tokens["access_token"]) == everything


@on_sqlite
async def test_a_machine_belongs_to_nothing(
    at_acme: Caller, acme: Tenant, server: RunningServer
) -> None:
    with use_tenant(acme):
        made = await provisioning.add_client(
            server.parts,
            ClientDraft(name="M", grant_types=["client_credentials"], scopes=["groups"]),
        )
    form = {"grant_type": "client_credentials", "scope": "groups"}
    basic = (made.client.client_id, made.secret or "")
    answer = await at_acme.post("/oauth/token", form, basic=basic)
    assert _said(answer.json()["access_token"]) == {}
