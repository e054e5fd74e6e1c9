"""A tenant gets another issuer while clients, people and tokens still know the former one (RFC 8414
section 3.3, RFC 9068 section 4, OpenID Connect Core sections 2 and 12.2)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from authgate import background, provisioning
from authgate.audit import Event
from authgate.jobs import DeliverLogouts, Result
from authgate.provisioning import DomainInUse, DomainState, NewClient, UnfitIssuer, people
from authgate.settings import EgressSettings, Settings
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing import relying_party
from authgate_testing.application import Application, allowed, claims
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.relying_party import RelyingParty
from authgate_testing.server import RunningServer

OPENID = "/.well-known/openid-configuration"
HOST = "login.acme.example"
OWN = f"http://{HOST}"
OVERLAP = timedelta(minutes=30)


@pytest.fixture
def settings(
    settings: Settings, certificate: tuple[Path, Path], nothing_scheduled: None
) -> Settings:
    """Clients may have their servers on this machine; rounds are done by the tests."""
    egress = EgressSettings(ca_file=certificate[0], allowed_networks=("127.0.0.0/8",))
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
async def party(certificate: tuple[Path, Path]) -> AsyncIterator[RelyingParty]:
    async with relying_party.listening(certificate) as listening:
        yield listening


async def prove(server: RunningServer, tenant: Tenant, host: str) -> None:
    with use_tenant(tenant):
        await provisioning.add_domain(server.parts, host)
        await provisioning.verify_domain(server.parts, host, stated=True)


async def call(
    server: RunningServer, tenant: Tenant, host: str, overlap: timedelta = OVERLAP
) -> Tenant:
    """Make this host canonical; the tenant as it is called from now on."""
    with use_tenant(tenant):
        await provisioning.make_canonical(server.parts, host, overlap=overlap)
    found = await server.parts.resolver.find(tenant.slug)
    assert found is not None
    return found


async def issuer_at(server: RunningServer, address: str) -> str:
    answer = await server.http.get(f"{address}{OPENID}")
    return str(answer.json().get("issuer", answer.status_code))


async def userinfo(server: RunningServer, issuer: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    answer = await server.http.get(f"{issuer}/oauth/userinfo", headers=headers)
    return answer.status_code


async def states(server: RunningServer, tenant: Tenant) -> dict[str, DomainState]:
    with use_tenant(tenant):
        return await provisioning.domain_states(server.parts)


async def test_what_was_given_out_by_one_issuer_is_good_by_the_other_until_the_overlap_ends(
    server: RunningServer, acme: Tenant, console: Application, person: Person, alice: User
) -> None:
    old = await console.signed_in(person, scope="openid offline_access")
    await prove(server, acme, HOST)
    moved = await call(server, acme, HOST)
    assert (moved.issuer, moved.issuers) == (OWN, (OWN, acme.issuer))
    # Each address goes by its own name, so no client is told another than it knows.
    assert [await issuer_at(server, each) for each in (OWN, acme.issuer)] == [OWN, acme.issuer]

    at_new = Person(server.browser())
    await at_new.sign_in(OWN, "alice", PASSWORD)
    application = replace(console, tenant=moved)
    new = await application.signed_in(at_new, scope="openid offline_access")
    for tenant, tokens in ((acme, old), (moved, new)):
        said = await claims(server.http, tenant, tokens["id_token"], audience="console")
        assert said["iss"] == tenant.issuer
        for issuer in moved.issuers:
            assert await userinfo(server, issuer, tokens["access_token"]) == 200
    # Who refreshes by the former one is told the issuer of the first ID token (section 12.2).
    again = (await console.refresh(old["refresh_token"])).json()
    said = await claims(server.http, acme, again["id_token"], audience="console")
    assert said["iss"] == acme.issuer
    asked = {"token": old["access_token"]} | application.credentials()
    told = await server.http.post(f"{OWN}/oauth/introspect", data=asked)
    assert told.json()["iss"] == acme.issuer, "that of the token, not of whoever is asked"

    server.clock.advance(OVERLAP.total_seconds() + 6)
    for known_by in (("slug", "acme"), ("host", HOST)):
        await server.parts.tenants.invalidate((None, *known_by))
    assert await issuer_at(server, acme.issuer) == "404"
    assert await userinfo(server, OWN, new["access_token"]) == 200
    assert await userinfo(server, OWN, again["access_token"]) == 401
    told = await server.http.post(f"{OWN}/oauth/introspect", data=asked)
    assert told.json() == {"active": False}
    fresh = (await application.refresh(again["refresh_token"])).json()
    assert await userinfo(server, OWN, fresh["access_token"]) == 200


async def test_a_change_is_taken_back_within_the_overlap_and_a_third_name_waits(
    server: RunningServer, acme: Tenant, ledger: Ledger
) -> None:
    for host in (HOST, "id.acme.example"):
        await prove(server, acme, host)
    assert await issuer_at(server, acme.issuer) == acme.issuer, "proven is not canonical"
    await call(server, acme, HOST)
    with pytest.raises(UnfitIssuer, match="former one is taken until"):
        await call(server, acme, "id.acme.example")
    for host in (HOST, "id.acme.example"):
        wanted = DomainState.CANONICAL if host == HOST else DomainState.PROVEN
        assert (await states(server, acme))[host] is wanted
    with use_tenant(acme), pytest.raises(DomainInUse):
        await provisioning.remove_domain(server.parts, HOST)

    back = await call(server, acme, "")
    assert back.issuers == (acme.issuer, OWN)
    assert (await states(server, acme))[HOST] is DomainState.FORMER
    with use_tenant(acme):
        with pytest.raises(DomainInUse):
            await provisioning.remove_domain(server.parts, HOST)
        await provisioning.end_overlap(server.parts)
        with pytest.raises(UnfitIssuer):
            await provisioning.end_overlap(server.parts)
        await provisioning.remove_domain(server.parts, HOST)
    assert await issuer_at(server, OWN) == "421"
    third = await call(server, acme, "id.acme.example", timedelta(0))
    assert third.issuers == ("http://id.acme.example",)
    assert await issuer_at(server, acme.issuer) == "404"
    events = [each for each in await ledger.events(acme) if "ISSUER" in each.event_type]
    assert [each.event_type for each in events] == [
        Event.TENANT_ISSUER_CHANGED,
        Event.TENANT_ISSUER_CHANGED,
        Event.TENANT_ISSUER_OVERLAP_ENDED,
        Event.TENANT_ISSUER_CHANGED,
    ]
    assert (events[0].details["was"], events[0].details["is"]) == (acme.issuer, OWN)


@on_sqlite
async def test_a_proven_host_leads_to_the_issuer_and_says_who_it_is(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await prove(server, acme, HOST)
    assert await issuer_at(server, OWN) == acme.issuer
    keys = (await server.http.get(f"{OWN}/.well-known/jwks.json")).json()
    assert keys == (await server.http.get(f"{acme.issuer}/.well-known/jwks.json")).json()
    led = await server.http.get(f"{OWN}//evil.test/login%0d%0aa?return_to=%2Faccount")
    place = f"{acme.issuer}//evil.test/login%0d%0aa?return_to=%2Faccount"
    assert (led.status_code, led.headers["location"]) == (303, place)
    # A code, a token or a form that came here was meant for another origin.
    for path in ("/oauth/token", "/login", "/oauth/authorize"):
        answer = await server.http.post(f"{OWN}{path}", data={"a": "b"})
        assert answer.status_code == 421
    assert (await server.http.get(f"{OWN}/oauth/userinfo")).status_code == 421
    assert (await server.http.get(f"{OWN}/api/v1/users")).status_code == 421
    with use_tenant(globex), pytest.raises(LookupError):
        await provisioning.make_canonical(server.parts, HOST)


@on_sqlite
async def test_ca_13_an_assertion_names_either_issuer_and_no_other(
    server: RunningServer, acme: Tenant, globex: Tenant, confidential: NewClient
) -> None:
    await prove(server, acme, HOST)
    moved = await call(server, acme, HOST)
    client = confidential.client
    with use_tenant(acme):
        secret = await provisioning.rotate_client_secret(
            server.parts, client.client_id, authentication_methods=["client_secret_jwt"]
        )

    async def status(audience: str, at: Tenant) -> int:
        now = int(server.clock().timestamp())
        said = {
            "iss": client.client_id,
            "sub": client.client_id,
            "aud": audience,
            "jti": f"{audience}{at.issuer}",
            "iat": now,
            "exp": now + 60,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(said, secret, algorithm="HS256"),
        }
        return (await server.http.post(f"{at.issuer}/oauth/token", data=form)).status_code

    for audience in moved.issuers:
        for at in (acme, moved):
            assert await status(audience, at) == 200
    for audience in (globex.issuer, "http://id.acme.example", f"{OWN}/oauth/token"):
        assert await status(audience, moved) == 401
    await call(server, acme, "", timedelta(0))
    assert await status(OWN, acme) == 401


@on_sqlite
async def test_a_client_is_told_of_a_logout_by_the_issuer_that_its_id_token_names(
    server: RunningServer,
    acme: Tenant,
    console: Application,
    alice: User,
    person: Person,
    party: RelyingParty,
) -> None:
    client = console.client.client
    metadata = replace(client.metadata, backchannel_logout_uri=party.uri)
    with use_tenant(acme):
        await provisioning.change_client(
            server.parts, client.client_id, ClientChange(metadata=metadata)
        )
    await console.signed_in(person)
    await prove(server, acme, HOST)
    moved = await call(server, acme, HOST)
    at_new = Person(server.browser())
    await at_new.sign_in(OWN, "alice", PASSWORD)
    await allowed(at_new, replace(console, tenant=moved).ask())
    with use_tenant(moved):
        assert await people.sign_out_person(alice.id, now=server.clock()) == 2
    done = await background.performer(server.parts).perform(DeliverLogouts(), tenant_id=None)
    assert done is Result.DONE
    told = [jwt.decode(await party.next(), options={"verify_signature": False}) for _ in range(2)]
    assert {each["iss"] for each in told} == set(moved.issuers)


@on_sqlite
async def test_wb_09_a_form_of_one_origin_is_not_sent_to_the_other(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    await prove(server, acme, HOST)
    await call(server, acme, HOST)
    page = await person.visit(f"{acme.issuer}/login")
    assert page.status_code == 200
    for address, origin, wanted in (
        (OWN, "http://localhost:8080", 403),
        (acme.issuer, OWN, 403),
    ):
        answer = await person.http.post(
            f"{address}/login", data={"username": "alice"}, headers={"Origin": origin}
        )
        assert answer.status_code == wanted
