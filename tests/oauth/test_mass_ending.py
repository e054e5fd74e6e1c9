"""A client or a person with very many tokens: all of them end at once, and their rows little by
little."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest

from authgate import provisioning
from authgate.accounts import leavings
from authgate.jobs import EndTheRest, Job, port
from authgate.provisioning import NewClient, people
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants import consents
from authgate.storage.grants.consents import Consent
from authgate.storage.issued import mass_ending
from authgate.storage.issued.refresh_tokens import RefreshStatus, RefreshToken
from authgate.storage.issued.tokens import Token
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.vocabulary import TokenStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import client_token
from authgate_testing.application import Application, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

VERY_MANY = 5


class KeptJobs:
    """A queue that nobody works off."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        self.jobs.append(job)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptJobs]:
    """The jobs that are left to do, where two rows are very many."""
    monkeypatch.setattr(mass_ending, "AT_ONCE", 2)
    monkeypatch.setattr(mass_ending, "_BATCH", 1)
    kept = KeptJobs()
    with port.served_by(kept):
        yield kept


async def given(server: RunningServer, tenant: Tenant, machine: NewClient) -> list[str]:
    """Very many tokens of a machine."""
    answers = [await client_token(server, tenant, machine, "read") for _ in range(VERY_MANY)]
    return [answer["access_token"] for answer in answers]


async def statuses(at: Caller, tokens: list[str]) -> set[int]:
    """What they are answered with."""
    answers = [await at.get("/oauth/tokeninfo", bearer=token) for token in tokens]
    return {answer.status_code for answer in answers}


async def work_off(kept: KeptJobs) -> None:
    while kept.jobs:
        job = kept.jobs.pop()
        assert isinstance(job, EndTheRest)
        await leavings.end(job)


async def test_in_06_all_of_a_client_ends_at_once_and_the_rows_follow(
    server: RunningServer, kept: KeptJobs, at_acme: Caller, machine: NewClient, acme: Tenant
) -> None:
    tokens, client_id = await given(server, acme, machine), machine.client.client_id
    with use_tenant(acme):
        assert await provisioning.revoke_client_tokens(server.parts, client_id) == 2
        assert await statuses(at_acme, tokens) == {401}
        later = await client_token(server, acme, machine, "read")
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == VERY_MANY - 2 + 1
        await work_off(kept)
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 1
    assert await statuses(at_acme, [later["access_token"]]) == {200}


async def test_in_06_all_of_a_person_ends_at_once_whoever_refreshes_meanwhile(
    server: RunningServer, kept: KeptJobs, console: Application, person: Person, acme: Tenant
) -> None:
    # What does not end with their session either.
    scope = "openid offline_access"
    signed_in = [await console.signed_in(person, scope=scope) for _ in range(VERY_MANY)]
    now = server.clock()
    with use_tenant(acme):
        await provisioning.disable_user("alice", now=now)
        # As if they had been refreshed in the very moment.
        await Token.filter(status=TokenStatus.ACTIVE).update(created_at=now + timedelta(hours=1))
        await RefreshToken.filter(status=RefreshStatus.ACTIVE).update(
            created_at=now + timedelta(hours=1)
        )
        await provisioning.enable_user("alice")
    for tokens in signed_in:
        assert (await console.refresh(tokens["refresh_token"])).status_code == 400
        for token in (tokens["refresh_token"], tokens["access_token"]):
            assert (await introspected(console, token)).json() == {"active": False}
    with use_tenant(acme):
        await Token.all().update(created_at=now)
        await RefreshToken.all().update(created_at=now)
        await work_off(kept)
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 0
        assert await RefreshToken.filter(status=RefreshStatus.ACTIVE).count() == 0
    await person.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
    tokens = await console.signed_in(person)
    assert (await introspected(console, tokens["refresh_token"])).json()["active"]
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_device_that_waits_meanwhile_may_be_let_in_afterwards(
    server: RunningServer,
    kept: KeptJobs,
    console: Application,
    device: Device,
    person: Person,
    at_acme: Caller,
    acme: Tenant,
    alice: User,
) -> None:
    for _ in range(VERY_MANY):
        await console.signed_in(person)
    shown = await device.start(scope="openid")
    with use_tenant(acme):
        await people.sign_out_person(alice.id, now=server.clock())
    await person.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
    await decide(person, shown)
    token = (await device.poll(shown["device_code"])).json()["access_token"]
    assert await statuses(at_acme, [token]) == {200}


async def introspected(application: Application, token: str) -> httpx2.Response:
    form = application.credentials() | {"token": token}
    return await application.http.post(f"{application.tenant.issuer}/oauth/introspect", data=form)


async def test_in_06_all_of_a_client_ends_for_those_who_refresh(
    server: RunningServer, kept: KeptJobs, console: Application, person: Person, acme: Tenant
) -> None:
    signed_in = [await console.signed_in(person) for _ in range(VERY_MANY)]
    with use_tenant(acme):
        await provisioning.revoke_client_tokens(server.parts, "console")
    for tokens in signed_in:
        token = tokens["refresh_token"]
        assert (await introspected(console, token)).json() == {"active": False}
        assert (await console.refresh(token)).status_code == 400


async def test_ad_08_what_a_client_leaves_is_nothing_to_another_one_of_the_same_id(
    server: RunningServer, kept: KeptJobs, at_acme: Caller, machine: NewClient, acme: Tenant
) -> None:
    tokens, client_id = await given(server, acme, machine), machine.client.client_id
    with use_tenant(acme):
        await provisioning.delete_client(server.parts, client_id)
        assert await clients.leavings(client_id)
        assert await statuses(at_acme, tokens) == {401}
        again = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Nightly backup",
                client_id=client_id,
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
        )
        assert await statuses(at_acme, tokens) == {401}
        later = await client_token(server, acme, again, "read")
        await work_off(kept)
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 1
    assert await statuses(at_acme, [later["access_token"]]) == {200}


async def test_ad_08_what_people_have_allowed_a_client_is_removed_little_by_little(
    server: RunningServer, kept: KeptJobs, console: Application, person: Person, acme: Tenant
) -> None:
    await console.signed_in(person)
    with use_tenant(acme):
        [hers] = await Consent.all()
        for number in range(VERY_MANY - 1):
            another = await users.create(username=f"person-{number}")
            await consents.grant(another.id, "console", ["openid"], now=hers.granted_at)
        await provisioning.delete_client(server.parts, "console")
        assert await Consent.all().count() == VERY_MANY - 2
        await work_off(kept)
        assert await Consent.all().count() == 0


async def test_ad_08_what_people_have_allowed_a_client_is_not_allowed_to_the_next_one(
    server: RunningServer, kept: KeptJobs, console: Application, person: Person, acme: Tenant
) -> None:
    client = console.client.client
    asking = console.ask(prompt="none")
    await console.signed_in(person)
    with use_tenant(acme):
        await provisioning.delete_client(server.parts, "console")
        # As if there had been very many, and hers were not among the first.
        [user] = await users.all_users()
        await consents.grant(user.id, "console", console.scope.split(), now=server.clock())
        draft = ClientDraft(
            name="Another Console",
            client_id="console",
            grant_types=["authorization_code"],
            scopes=list(client.scopes),
            redirect_uris=[console.redirect_uri],
        )
        await provisioning.add_client(server.parts, draft)
        with pytest.raises(clients.ClientIdTaken):
            await provisioning.add_client(server.parts, draft)
    answer = await sent_on(person, asking.url)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == ["consent_required"]


@on_sqlite
async def test_a_command_that_has_nobody_to_leave_it_to_ends_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
    server: RunningServer,
    kept: KeptJobs,
    machine: NewClient,
    acme: Tenant,
) -> None:
    await given(server, acme, machine)
    with use_tenant(acme), monkeypatch.context() as command:
        command.setattr(port, "_open", [])
        await provisioning.revoke_client_tokens(server.parts, machine.client.client_id)
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 0
    assert kept.jobs == []


async def test_ad_08_what_a_client_leaves_is_removed(
    server: RunningServer, kept: KeptJobs, machine: NewClient, acme: Tenant
) -> None:
    await given(server, acme, machine)
    with use_tenant(acme):
        await provisioning.delete_client(server.parts, machine.client.client_id)
        await work_off(kept)
        assert await Token.all().count() == 0
