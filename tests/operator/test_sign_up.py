"""Somebody begins a tenant of their own: an address is proven, then all of it is there."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import httpx2
import pytest
from pydantic import ValidationError

from authgate import provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import SYSTEM, Event
from authgate.permissions import UserRole
from authgate.provisioning import first_client, sign_ups
from authgate.settings import Settings, SignUpSettings
from authgate.storage.clients.rows import ClientRow
from authgate.storage.keys.signing_keys import SigningKey
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import UserRow
from authgate.storage.tenants.sign_ups import SignUpRow
from authgate_tenants import Tenant, likeness, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

WANTED = {"email": "ada@lovelace.example", "name": "Lovelace & Sons", "slug": "lovelace"}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Everybody may sign up; or whoever was invited, or nobody."""
    mode: Literal["off", "invitation", "open"] = getattr(request, "param", "open")
    limits = settings.limits.model_copy(update={"sign_up_per_ip": "1000/s burst 1000"})
    return settings.model_copy(update={"sign_up": SignUpSettings(mode=mode), "limits": limits})


BY_INVITATION = pytest.mark.parametrize("settings", ["invitation"], indirect=True)
SWITCHED_OFF = pytest.mark.parametrize("settings", ["off"], indirect=True)


@pytest.fixture
def somebody(server: RunningServer) -> Person:
    """Who is not there yet."""
    return Person(server.browser())


def token_of(link: str) -> str:
    return str(httpx2.URL(link).params["token"])


async def ask(
    server: RunningServer, ops: Tenant, told: Mapping[str, Any] = WANTED
) -> httpx2.Response:
    """By the API."""
    return await server.http.post(f"{ops.issuer}/sign-ups", json=dict(told))


async def confirm(server: RunningServer, ops: Tenant, **said: object) -> httpx2.Response:
    return await server.http.post(f"{ops.issuer}/sign-ups/confirmation", json=said)


async def all_tenants() -> list[str]:
    return [row.slug for row in await TenantRow.all().order_by("slug")]


async def test_somebody_signs_up_by_the_pages_and_has_all_of_a_tenant_at_once(
    server: RunningServer, ops: Tenant, somebody: Person, ledger: Ledger
) -> None:
    await somebody.visit(f"{ops.issuer}/sign-up")
    page = await somebody.submit(WANTED, to="/sign-up")
    assert "Look into your mail" in page.text
    assert await all_tenants() == ["ops"], "nothing before the address is proven"
    link = await link_in_mail(server, ops)
    page = await somebody.visit(link)
    assert "Lovelace &amp; Sons" in page.text
    page = await somebody.submit({"password": "too short"}, to="/confirm")
    assert (page.status_code, "at least 15 characters" in page.text) == (400, True)
    page = await somebody.submit({"password": PASSWORD}, to="/confirm")
    assert "is there" in page.text
    tenant = await server.parts.resolver.find("lovelace")
    assert tenant is not None
    [begun] = await ledger.events(tenant, Event.TENANT_CREATED)
    with use_tenant(tenant):
        owner = await UserRow.get()
        client = await ClientRow.get()
        assert await SigningKey.all().exists()
    assert (owner.role, owner.email, owner.email_verified) == (
        UserRole.OWNER,
        "ada@lovelace.example",
        True,
    )
    assert (begun.actor_type, begun.actor_id) == ("user", str(owner.id)), "not the system"
    assert client.client_id == first_client.CLIENT_ID
    [signed_up] = await ledger.events(ops, Event.TENANT_SIGNED_UP)
    assert signed_up.details["slug"] == "lovelace"
    page = await somebody.sign_in(tenant.issuer, "ada@lovelace.example", PASSWORD)
    assert page.url.path.endswith("/account/sessions")
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/device/code", data={"client_id": first_client.CLIENT_ID}
    )
    assert answer.status_code == 200, "the first client works"


@on_sqlite
async def test_the_mail_is_in_the_language_of_the_page(
    server: RunningServer, ops: Tenant, somebody: Person
) -> None:
    somebody.http.headers["Accept-Language"] = "zh-TW"
    page = await somebody.visit(f"{ops.issuer}/sign-up")
    assert "建立您自己的租戶" in page.text
    page = await somebody.submit(WANTED, to="/sign-up")
    assert "請查看您的郵件" in page.text
    kept = (await server.http.get(f"{ops.issuer}/mails")).text
    assert "建立租戶的連結" in kept
    assert "請開啟此連結以設定密碼" in kept


async def test_of_those_who_follow_one_link_at_once_one_begins_the_tenant(
    server: RunningServer, ops: Tenant
) -> None:
    assert (await ask(server, ops)).status_code == 202
    token = token_of(await link_in_mail(server, ops))
    answers = await asyncio.gather(
        *(confirm(server, ops, token=token, password=PASSWORD) for _ in range(4))
    )
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert len({each.json()["tenant_id"] for each in answers}) == 1
    assert await all_tenants() == ["lovelace", "ops"]
    tenant = await server.parts.resolver.find("lovelace")
    assert tenant is not None
    with use_tenant(tenant):
        assert await UserRow.all().count() == await ClientRow.all().count() == 1


async def broken(*_: object, **__: object) -> None:
    raise RuntimeError("no client")


async def test_of_a_tenant_that_cannot_begin_nothing_is_left(
    server: RunningServer, ops: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(server, ops)
    token = token_of(await link_in_mail(server, ops))
    passwords = Passwords(threads=1)
    with monkeypatch.context() as patch, use_tenant(ops):
        patch.setattr(sign_ups, "add_client", broken)
        async with storage.transaction():
            with pytest.raises(RuntimeError, match="no client"):
                await sign_ups.finish_sign_up(server.parts, passwords, token, password=PASSWORD)
    passwords.close()
    assert await all_tenants() == ["ops"]
    answer = await confirm(server, ops, token=token, password=PASSWORD)
    assert answer.status_code == 201, "and the link is as good as it was"
    [kept] = await sign_ups_of(ops)
    assert answer.json()["tenant_id"] == str(kept.id)


async def sign_ups_of(ops: Tenant) -> list[SignUpRow]:
    with use_tenant(ops):
        return await SignUpRow.all().order_by("id")


@on_sqlite
async def test_a_link_ends_after_a_day_and_nobody_guesses_one(
    server: RunningServer, ops: Tenant
) -> None:
    await ask(server, ops)
    token = token_of(await link_in_mail(server, ops))
    [kept] = await sign_ups_of(ops)
    assert token.encode() not in bytes(kept.token_hash)
    for wrong in (token[:-1], "", str(kept.id), "x" * 10_000):
        refused = await confirm(server, ops, token=wrong, password=PASSWORD)
        assert refused.status_code == 400, wrong
    server.clock.advance(86_401)
    refused = await confirm(server, ops, token=token, password=PASSWORD)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_token")
    page = await server.http.get(f"{ops.issuer}/sign-up/confirm", params={"token": token})
    assert (page.status_code, "no longer good" in page.text) == (400, True)


@on_sqlite
async def test_pw_11_whoever_only_looks_at_a_link_uses_nothing_up(
    server: RunningServer, ops: Tenant
) -> None:
    await ask(server, ops)
    link = await link_in_mail(server, ops)
    for _ in range(3):
        assert (await server.http.get(link)).status_code == 200
    assert await all_tenants() == ["ops"]
    answer = await confirm(server, ops, token=token_of(link), password=PASSWORD)
    assert answer.status_code == 201


TAKEN_OR_NONE = (
    *("..", "%2e%2e", "a\0", "a;b", "a\r\n", "A", "a_b", "-a", "a-", "x" * 64, "xn--acme", ""),
    *("admin", "api", "www", "support"),
    *("adm1n", "w-w-w", "supp0rt", "l0g1n"),
    *("ops", "0ps", "o-p-s", "op5"),
    *("acme", "acrne", "a-cme", "acm3", "acm\u00eb", "\u0430cme"),
)
"""Malformed; reserved, and what looks so; the operators'; another tenant's."""


@on_sqlite
async def test_ti_28_un_01_nobody_takes_a_slug_that_could_be_taken_for_another(
    server: RunningServer, ops: Tenant, acme: Tenant
) -> None:
    for slug in TAKEN_OR_NONE:
        answer = await ask(server, ops, {**WANTED, "slug": slug})
        assert answer.status_code == 400, slug
        assert answer.json().get("field", "slug") == "slug"
    assert await sign_ups_of(ops) == []


async def test_likeness_is_the_same_in_the_database_as_in_the_code(
    server: RunningServer, ops: Tenant, acme: Tenant
) -> None:
    for slug in ("acme", "acrne", "ac-me", "acm3"):
        assert await likeness.is_like_another(slug), slug
    for slug in ("acmes", "acm", "corn-01358-vivid"):
        assert not await likeness.is_like_another(slug), slug
    await provisioning.add_tenant(server.parts, slug="corn-01358-vivid", name="Corn")
    assert await likeness.is_like_another("com-olesb-v1v1d")


@on_sqlite
async def test_a_slug_that_was_taken_meanwhile_is_refused_and_another_one_is_asked_for(
    server: RunningServer, ops: Tenant, somebody: Person
) -> None:
    await ask(server, ops)
    link = await link_in_mail(server, ops)
    await provisioning.add_tenant(server.parts, slug="lovelace", name="Somebody else")
    answer = await confirm(server, ops, token=token_of(link), password=PASSWORD)
    assert (answer.status_code, answer.json()["field"]) == (400, "slug")
    await somebody.visit(link)
    page = await somebody.submit({"password": PASSWORD}, to="/confirm")
    assert (page.status_code, "taken" in page.text) == (400, True)


@on_sqlite
async def test_lg_09_sign_up_tells_nobody_whether_an_address_is_known(
    server: RunningServer, ops: Tenant
) -> None:
    known, unknown = WANTED, {**WANTED, "email": "nobody@lovelace.example", "slug": "babbage"}
    await ask(server, ops, known)
    token = token_of(await link_in_mail(server, ops))
    assert (await confirm(server, ops, token=token, password=PASSWORD)).status_code == 201
    first = await ask(server, ops, {**known, "slug": "another"})
    second = await ask(server, ops, unknown)
    assert (first.status_code, first.content) == (second.status_code, second.content)


@on_sqlite
async def test_pw_09_a_flood_of_requests_is_answered_alike_and_sends_three_mails(
    server: RunningServer, ops: Tenant
) -> None:
    answers = [await ask(server, ops, {**WANTED, "slug": f"lovelace-{n}"}) for n in range(9)]
    assert {(each.status_code, each.content) for each in answers} == {(202, answers[0].content)}
    with use_tenant(ops):
        assert await Mail.all().count() == await SignUpRow.all().count() == 3


async def test_lg_20_pw_09_of_requests_at_once_for_one_mailbox_three_send_a_mail(
    server: RunningServer, ops: Tenant
) -> None:
    async def asked(number: int) -> int:
        told = {**WANTED, "email": f"ada+{number}@Lovelace.example", "slug": f"lovelace-{number}"}
        return (await ask(server, ops, told)).status_code

    assert set(await asyncio.gather(*(asked(each) for each in range(9)))) == {202}
    with use_tenant(ops):
        assert await Mail.all().count() == await SignUpRow.all().count() == 3


@on_sqlite
async def test_ad_05_dc_06_what_nobody_asks_for_is_refused_and_not_assigned(
    server: RunningServer, ops: Tenant
) -> None:
    columns = ("id", "tenant_id", "invited_by", "finished_at", "expires_at", "role", "status")
    for name in columns:
        assert (await ask(server, ops, {**WANTED, name: "owner"})).status_code == 400, name
    for path in ("/sign-ups", "/sign-ups/confirmation"):
        for body in (b"[]", b'{"email": 1}', b"{", b'{"token": null, "password": ["x"]}'):
            answer = await server.http.post(
                f"{ops.issuer}{path}", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 400, (path, body)
    assert await sign_ups_of(ops) == []


@BY_INVITATION
@on_sqlite
async def test_by_invitation_whoever_was_invited_chooses_name_and_slug(
    server: RunningServer, ops: Tenant, somebody: Person, ledger: Ledger
) -> None:
    assert (await ask(server, ops)).status_code == 404
    page = await somebody.visit(f"{ops.issuer}/sign-up")
    assert "By invitation only" in page.text
    with use_tenant(ops):
        kept = await sign_ups.invite_to_sign_up(server.parts, "ada@lovelace.example", actor=SYSTEM)
    await somebody.visit(await link_in_mail(server, ops))
    page = await somebody.submit(
        {"name": "Lovelace", "slug": "ops", "password": PASSWORD}, to="/confirm"
    )
    assert page.status_code == 400
    page = await somebody.submit(
        {"name": "Lovelace", "slug": "lovelace", "password": PASSWORD}, to="/confirm"
    )
    assert "Lovelace" in page.text
    assert "is there" in page.text
    tenant = await server.parts.resolver.find("lovelace")
    assert tenant is not None
    assert tenant.id == kept.id
    with use_tenant(ops), pytest.raises(sign_ups.NoSignUp):
        await sign_ups.withdraw_sign_up(kept.id, actor=SYSTEM)


@BY_INVITATION
@on_sqlite
async def test_an_invitation_that_was_taken_back_begins_nothing(
    server: RunningServer, ops: Tenant
) -> None:
    with use_tenant(ops):
        kept = await sign_ups.invite_to_sign_up(server.parts, "ada@lovelace.example", actor=SYSTEM)
        await sign_ups.withdraw_sign_up(kept.id, actor=SYSTEM)
    token = token_of(await link_in_mail(server, ops))
    answer = await confirm(
        server, ops, token=token, password=PASSWORD, name="Lovelace", slug="lovelace"
    )
    assert answer.status_code == 400
    assert await all_tenants() == ["ops"]


@BY_INVITATION
@on_sqlite
async def test_an_operator_invites_by_the_api_and_takes_it_back(
    server: RunningServer, ops: Tenant, operator: ApiClient
) -> None:
    made = await operator.post("/sign-up-invitations", {"email": "ada@lovelace.example"})
    assert made.status_code == 201, made.text
    assert (await operator.get("/sign-up-invitations")).json()["items"] == [made.json()]
    assert is_problem(
        await operator.post("/sign-up-invitations", {"email": "ada@lovelace"}), 422, "invalid"
    )
    path = f"/sign-up-invitations/{made.json()['id']}"
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.delete(path)).status_code == 404
    token = token_of(await link_in_mail(server, ops))
    refused = await confirm(
        server, ops, token=token, password=PASSWORD, name="Lovelace", slug="lovelace"
    )
    assert refused.json()["error"] == "invalid_token"


@SWITCHED_OFF
@on_sqlite
async def test_switched_off_there_is_nothing(server: RunningServer, ops: Tenant) -> None:
    for path in ("/sign-up", "/sign-up/sent", "/sign-up/confirm?token=x"):
        assert (await server.http.get(f"{ops.issuer}{path}")).status_code == 404
    assert (await ask(server, ops)).status_code == 404
    assert (await confirm(server, ops, token="x", password=PASSWORD)).status_code == 404


@on_sqlite
async def test_ad_11_at_another_tenant_there_is_nothing(
    server: RunningServer, ops: Tenant, acme: Tenant
) -> None:
    assert (await server.http.get(f"{acme.issuer}/sign-up")).status_code == 404
    assert (await ask(server, acme)).status_code == 404
    await ask(server, ops)
    token = token_of(await link_in_mail(server, ops))
    assert (await confirm(server, acme, token=token, password=PASSWORD)).status_code == 404


@on_sqlite
async def test_pw_01_the_link_is_at_the_issuer_whatever_host_was_named(
    server: RunningServer, ops: Tenant
) -> None:
    evil = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    await server.http.post(f"{ops.issuer}/sign-ups", json=WANTED, headers=evil)
    assert (await link_in_mail(server, ops)).startswith(f"{ops.issuer}/sign-up/confirm?token=")
    refused = await server.http.post(
        f"{ops.issuer}/sign-ups", json=WANTED, headers={"Host": "evil.example"}
    )
    assert refused.status_code == 421


def test_sign_up_needs_a_tenant_of_the_operators() -> None:
    with pytest.raises(ValidationError, match="set operator_tenant"):
        Settings(sign_up=SignUpSettings(mode="open"))
