"""Sign-ins that have to be worth more: by the tenant's policy, by a client's, by what is asked for
(RFC 9470; OpenID Connect Core 3.1.2.1, 5.5.1.1)."""

import json
from dataclasses import replace

import jwt
import pytest

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.provisioning.tenant_settings import UnfitSetting
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.people import group_members, groups, users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, sent_on, told
from authgate_testing.authenticator import (
    Authenticator,
    enrolled,
    is_asked,
    let_in,
    recovery_codes,
    show,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device
from authgate_testing.passkeys import ORIGIN, options
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.soft_passkey import SoftPasskey
from authgate_testing.tenants import choose

pytestmark = on_sqlite


async def demand(server: RunningServer, tenant: Tenant, client: NewClient) -> None:
    """Have the client be given nothing for a sign-in of one factor."""
    metadata = replace(client.client.metadata, minimum_acr_value="2")
    with use_tenant(tenant):
        await provisioning.change_client(
            server.parts, client.client.client_id, ClientChange(metadata=metadata)
        )


def said(tokens: dict[str, str], name: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(tokens[name], options={"verify_signature": False})
    return claims


def is_setting_up(person: Person) -> bool:
    return person.page is not None and person.page.url.path.endswith("/second-factor/set-up")


async def test_tokens_say_how_somebody_has_signed_in(
    server: RunningServer, acme: Tenant, alice: User, console: Application
) -> None:
    person = await let_in(server, acme, alice)
    tokens = await console.signed_in(person, scope="openid offline_access")
    for name in ("id_token", "access_token"):
        claims = said(tokens, name)
        assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "2"), name
    refreshed = (await console.refresh(tokens["refresh_token"])).json()
    assert said(refreshed, "access_token")["acr"] == "2"


async def test_what_is_essential_is_asked_for_and_the_session_goes_on_with_it(
    server: RunningServer, acme: Tenant, alice: User, console: Application, person: Person
) -> None:
    app, _ = await enrolled(server, acme, alice)
    first = await console.signed_in(person)
    assert said(first, "id_token")["acr"] == "1"
    asking = console.ask(
        claims=json.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}})
    )
    silent = console.ask(
        claims=json.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}}), prompt="none"
    )
    assert told(await sent_on(person, silent.url))["error"] == "login_required"
    await sent_on(person, asking.url)
    assert is_asked(person)
    await person.submit({"code": app.code}, to="/second-factor", follow=False)
    answer = await allowed(person, replace(asking, url=str(_next(person, acme))))
    tokens = (await console.redeem(answer["code"], asking)).json()
    assert said(tokens, "id_token")["acr"] == "2"
    assert said(tokens, "id_token")["sid"] == said(first, "id_token")["sid"]
    assert said(tokens, "id_token")["auth_time"] == said(first, "id_token")["auth_time"]


async def test_who_has_none_sets_up_a_passkey_for_what_is_essential(
    acme: Tenant, alice: User, console: Application, person: Person
) -> None:
    await console.signed_in(person)
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}})
    asking, device = console.ask(claims=essential), SoftPasskey(ORIGIN)
    await sent_on(person, asking.url)
    assert is_setting_up(person)
    made = device.created(await options(person, "/set-up/passkey"))
    page = await person.submit({"credential": made, "name": "Key"}, to="/set-up/passkey")
    assert len(recovery_codes(page.text)) == 10
    answer = await allowed(person, asking)
    tokens = (await console.redeem(answer["code"], asking)).json()
    assert said(tokens, "id_token")["acr"] == "2"


def _next(person: Person, tenant: Tenant) -> str:
    assert person.page is not None
    return tenant.issuer.removesuffix(tenant.prefix) + person.page.headers["location"]


async def test_what_is_wished_for_is_asked_of_those_who_can(
    server: RunningServer, acme: Tenant, alice: User, console: Application, person: Person
) -> None:
    assert said(await console.signed_in(person, acr_values="2"), "id_token")["acr"] == "1"
    await enrolled(server, acme, alice)
    await sent_on(person, console.ask(acr_values="2 1").url)
    assert is_asked(person)
    assert "code" in told(await sent_on(person, console.ask(acr_values="1 2").url))


async def test_a_client_that_needs_two_factors_is_given_nothing_for_one(
    server: RunningServer, acme: Tenant, alice: User, console: Application, person: Person
) -> None:
    app, _ = await enrolled(server, acme, alice)
    before = await console.signed_in(person, scope="openid offline_access")
    await demand(server, acme, console.client)
    refused = await console.refresh(before["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    # Whatever the request says, and whoever has written it.
    asking = console.ask(acr_values="1")
    await sent_on(person, asking.url)
    assert is_asked(person)
    await person.submit({"code": app.code}, to="/second-factor", follow=False)
    answer = await allowed(person, replace(asking, url=_next(person, acme)))
    assert (await console.redeem(answer["code"], asking)).status_code == 200


async def test_a_device_of_such_a_client_is_approved_with_two_factors_alone(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    person: Person,
    device: Device,
    device_client: NewClient,
) -> None:
    app, _ = await enrolled(server, acme, alice)
    shown = await device.start(scope="read")
    await person.visit(shown["verification_uri"])
    await person.submit({"user_code": shown["user_code"]}, to="/device")
    await demand(server, acme, device_client)
    # The page was there before; what it sends is looked at all the same.
    await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert is_asked(person)
    assert (await device.poll(shown["device_code"])).json()["error"] == "authorization_pending"
    await show(person, app.code)
    page = await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert page.status_code == 200
    server.clock.advance(10)
    tokens = (await device.poll(shown["device_code"])).json()
    assert said(tokens, "access_token")["acr"] == "2"


async def test_whoever_must_have_a_second_factor_sets_one_up_before_anything_else(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await choose(server, acme, second_factor="required")
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login"), "a session of one factor counts no longer"
    await person.sign_in(acme.issuer, "alice")
    assert is_setting_up(person)
    assert person.page is not None
    app = Authenticator.scanned(server, person.page.text)
    page = await person.visit(f"{acme.issuer}/account/apps")
    assert page.url.path.endswith("/login")
    await person.visit(f"{acme.issuer}/second-factor")
    app = Authenticator.scanned(server, person.page.text)
    page = await person.submit({"code": app.code}, to="/set-up")
    assert len(recovery_codes(page.text)) == 10
    page = await person.visit(f"{acme.issuer}/account/security")
    assert "/authenticator/remove" not in page.text.partition("<main")[2].partition("</main")[0]
    # Nor by hand.
    forced = await person.submit({}, to="/authenticator/remove")
    assert forced.status_code == 409


async def test_who_must_is_what_the_tenant_says(
    server: RunningServer, acme: Tenant, alice: User, carol: User
) -> None:
    async def must(name: str) -> bool:
        person = Person(server.browser())
        await person.sign_in(acme.issuer, name)
        return is_setting_up(person)

    with use_tenant(acme):
        await users.set_role(carol.id, UserRole.AUDITOR)
        staff = await groups.create(GroupDraft("Staff"))
        await group_members.add(staff.id, [alice.id], now=server.clock())
    assert not await must("alice")
    await choose(server, acme, second_factor="administrators")
    assert [await must("alice"), await must("carol")] == [False, True]
    await choose(server, acme, second_factor="optional", second_factor_groups=("staff",))
    assert [await must("alice"), await must("carol")] == [True, False]
    with use_tenant(acme):
        await provisioning.change_group(server.parts, staff.id, GroupDraft("Crew"))
    assert await must("alice"), "whatever they are called"
    with pytest.raises(UnfitSetting, match="no group Nobody"):
        await choose(server, acme, second_factor_groups=("Crew", "Nobody"))
    await choose(server, acme, second_factor="off")
    assert [await must("alice"), await must("carol")] == [False, False]


async def test_a_tenant_without_second_factors_says_so_and_promises_none(
    server: RunningServer, acme: Tenant, alice: User, console: Application, person: Person
) -> None:
    await choose(server, acme, second_factor="off")
    metadata = (await server.http.get(f"{acme.issuer}/.well-known/openid-configuration")).json()
    assert metadata["acr_values_supported"] == ["1"]
    essential = json.dumps({"id_token": {"acr": {"essential": True, "value": "2"}}})
    answer = told(await sent_on(person, console.ask(claims=essential).url))
    assert answer["error"] == "unmet_authentication_requirements"
    page = await person.visit(f"{acme.issuer}/account/security")
    token = forms(page.text)[0].hidden["csrf_token"]
    setting_up = {"csrf_token": token, "return_to": f"{acme.prefix}/account/security"}
    forced = await person.http.post(f"{acme.issuer}/second-factor/set-up", data=setting_up)
    assert forced.status_code == 409
