"""A tenant's own hosts by the API: claimed, proven by the DNS or by a file, looked for again, and
given up; and what the tenant is called."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from authgate import background, provisioning
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.jobs import CheckDomains, Result
from authgate.plugin_api import HttpResponse, NoHttp
from authgate.plugin_manager import GuardedHttp
from authgate.provisioning import LAPSE, domain_proof
from authgate.provisioning.domain_proof import DomainProof, Findings, Outcome
from authgate.settings import EgressSettings, Settings
from authgate_tenants import Tenant, domains, use_tenant
from authgate_tenants.domains import MOST, Domain, DomainProven, UnknownDomain
from authgate_tenants.models import DomainClaim
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.nameserver import NameServer, nameserver_running
from authgate_testing.postgres import PostgresServer
from authgate_testing.pretend_host import *  # noqa: F403 - the fixture of a host
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.server import RunningServer

HOST = "login.acme.example"
CLAIMED = Domain(HOST, "token-of-acme", None)
VALUE = "authgate-domain=token-of-acme"


@pytest.fixture(scope="module")
def name_servers() -> Iterator[tuple[NameServer, NameServer]]:
    """Both are asked."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(nameserver_running()),
            stack.enter_context(nameserver_running()),
        )


@pytest.fixture(autouse=True)
def names(name_servers: tuple[NameServer, NameServer]) -> tuple[NameServer, NameServer]:
    """They know nothing yet."""
    for each in name_servers:
        each.texts.clear()
        each.refuses = False
        each.release()
    return name_servers


@pytest.fixture
def settings(
    settings: Settings,
    names: tuple[NameServer, NameServer],
    nothing_scheduled: None,
) -> Settings:
    """Rounds are done by the tests."""
    egress = EgressSettings(nameservers=tuple(each.address for each in names))
    return settings.model_copy(update={"egress": egress})


def publish(names: tuple[NameServer, NameServer], claimed: Mapping[str, str]) -> None:
    for each in names:
        each.texts[claimed["record"]] = ["v=spf1 -all", claimed["value"]]


async def claim(api: ApiClient, host: str = HOST) -> dict[str, str]:
    made = await api.post("/domains", {"host": host})
    assert made.status_code == 201, made.text
    told: dict[str, str] = made.json()
    return told


async def look(server: RunningServer, tenant: Tenant) -> None:
    """The round of a day."""
    with use_tenant(tenant):
        # PostgreSQL goes by its own clock.
        await DomainClaim.all().update(due_at=utc_now() - timedelta(minutes=1))
    done = await background.performer(server.parts).perform(CheckDomains(), tenant_id=None)
    assert done is Result.DONE


async def test_ti_29_a_host_is_claimed_proven_and_given_up(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    names: tuple[NameServer, NameServer],
) -> None:
    claimed = await claim(api, "Login.ACME.example.")
    assert (claimed["host"], claimed["state"]) == (HOST, "waiting")
    assert claimed == await claim(api)
    theirs = await claim(foreign_api)
    assert theirs["value"] != claimed["value"]

    found = (await api.post(f"/domains/{HOST}/check", {})).json()
    assert (found["outcome"], found["domain"]["state"]) == ("missing", "waiting")
    assert [each["outcome"] for each in found["steps"]] == ["missing", "missing", "unreachable"]
    assert (await server.http.get(f"http://{HOST}/login")).status_code == 421

    publish(names, claimed)
    assert (await foreign_api.post(f"/domains/{HOST}/check", {})).json()["outcome"] == "missing"
    found = (await api.post(f"/domains/{HOST}/check", {})).json()
    assert (found["outcome"], found["domain"]["state"]) == ("found", "proven")
    assert (found["domain"]["proof"], len(found["steps"])) == ("dns", 2)
    publish(names, theirs)
    taken = await foreign_api.post(f"/domains/{HOST}/check", {})
    assert is_problem(taken, 409, "conflict")
    assert (await foreign_api.delete(f"/domains/{HOST}")).status_code == 204
    assert (await foreign_api.get(f"/domains/{HOST}")).status_code == 404

    called = await api.post("/issuer", {"host": HOST, "overlap_days": 1})
    assert called.json()["issuer"] == f"http://{HOST}"
    assert called.json()["former_issuer"] == acme.issuer
    assert is_problem(await api.delete(f"/domains/{HOST}"), 409, "conflict")
    assert is_problem(await api.post("/issuer", {"host": HOST}), 409, "conflict")
    back = (await api.post("/issuer", {"overlap_days": 0})).json()
    assert (back["issuer"], back["host"], back["former_issuer"]) == (acme.issuer, None, None)
    assert (await api.delete("/issuer/former")).status_code == 404
    assert (await api.delete(f"/domains/{HOST}")).status_code == 204
    assert (await server.http.get(f"http://{HOST}/login")).status_code == 421
    assert (await api.get("/domains")).json() == {"items": []}


async def held(name_server: NameServer, count: int) -> None:
    """Return once so many questions wait there."""
    for _ in range(count):
        assert await asyncio.to_thread(name_server.arrived.acquire, timeout=10)


@on_sqlite
@pytest.mark.parametrize("again", [False, True], ids=["removed", "removed-and-claimed-anew"])
async def test_ti_29_a_host_that_is_removed_while_its_proof_is_looked_for_answers_no_more(
    server: RunningServer, api: ApiClient, names: tuple[NameServer, NameServer], again: bool
) -> None:
    publish(names, await claim(api))
    names[0].holds = True
    looking = asyncio.create_task(api.post(f"/domains/{HOST}/check", {}))
    await held(names[0], 1)
    assert (await api.delete(f"/domains/{HOST}")).status_code == 204
    if again:
        await claim(api)
    names[0].release()
    assert is_problem(await looking, 404, "not-found")
    assert (await server.http.get(f"http://{HOST}/login")).status_code == 421


@on_sqlite
async def test_a_proof_that_is_looked_for_twice_at_once_is_found_twice(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    ledger: Ledger,
    names: tuple[NameServer, NameServer],
) -> None:
    publish(names, await claim(api))
    names[0].holds = True
    looking = [asyncio.create_task(api.post(f"/domains/{HOST}/check", {})) for _ in range(2)]
    await held(names[0], 2)
    # An operator says so meanwhile.
    with use_tenant(acme):
        await provisioning.verify_domain(server.parts, HOST, stated=True)
    names[0].release()
    for answer in await asyncio.gather(*looking):
        assert (answer.status_code, answer.json()["outcome"]) == (200, "found"), answer.text
    assert len(await ledger.events(acme, Event.TENANT_DOMAIN_VERIFIED)) == 1


@on_postgres
@pytest.mark.parametrize("act", ["canonical", "stated"])
async def test_ti_29_a_host_that_is_removed_meanwhile_becomes_nothing(
    server: RunningServer, acme: Tenant, postgres: PostgresServer, act: str
) -> None:
    with use_tenant(acme):
        await provisioning.add_domain(server.parts, HOST)
        work: Coroutine[Any, Any, object]
        if act == "canonical":
            await provisioning.verify_domain(server.parts, HOST, stated=True)
            work = provisioning.make_canonical(server.parts, HOST)
        else:
            work = provisioning.verify_domain(server.parts, HOST, stated=True)
        with pytest.raises(UnknownDomain):
            async with meanwhile(postgres, work):
                await provisioning.remove_domain(server.parts, HOST)
        assert (await provisioning.issuer_state(server.parts)).issuer == acme.issuer
    assert (await server.http.get(f"http://{HOST}/login")).status_code == 421


async def test_ti_29_a_host_whose_proof_is_gone_is_warned_of_and_lapses_in_a_month(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    ledger: Ledger,
    names: tuple[NameServer, NameServer],
) -> None:
    for host in (HOST, "id.acme.example"):
        publish(names, await claim(api, host))
        assert (await api.post(f"/domains/{host}/check", {})).json()["outcome"] == "found"
    await api.post("/issuer", {"host": HOST, "overlap_days": 0})
    with use_tenant(acme):
        records = {each.host: domain_proof.value(each) for each in await domains.every()}

    for each in names:
        each.refuses = True
    await provisioned(server, acme)
    assert await kinds(ledger, acme) == [], "nobody could be asked"
    for each in names:
        each.refuses = False
        each.texts.clear()
    await provisioned(server, acme)
    assert await kinds(ledger, acme) == [Event.TENANT_DOMAIN_PROOF_MISSING] * 2
    for each in names:
        each.texts[domain_proof.record(HOST)] = [records[HOST]]
    await provisioned(server, acme)
    assert (await kinds(ledger, acme))[2:] == [Event.TENANT_DOMAIN_PROOF_FOUND]
    for each in names:
        each.texts.clear()
    await provisioned(server, acme)
    server.clock.advance(LAPSE.total_seconds())
    await provisioned(server, acme)
    # The one that clients know it by stays, whatever is missing.
    assert (await kinds(ledger, acme))[3:] == [
        Event.TENANT_DOMAIN_PROOF_MISSING,
        Event.TENANT_DOMAIN_LAPSED,
    ]
    with use_tenant(acme):
        states = await provisioning.domain_states(server.parts)
    assert states == {HOST: "canonical", "id.acme.example": "waiting"}
    assert (await server.http.get("http://id.acme.example/login")).status_code == 421


async def kinds(ledger: Ledger, tenant: Tenant) -> list[str]:
    told = {
        Event.TENANT_DOMAIN_PROOF_MISSING,
        Event.TENANT_DOMAIN_PROOF_FOUND,
        Event.TENANT_DOMAIN_LAPSED,
    }
    return [each.event_type for each in await ledger.events(tenant) if each.event_type in told]


async def provisioned(server: RunningServer, tenant: Tenant) -> None:
    """The round of a day, for one tenant."""
    server.clock.advance(90_000)
    with use_tenant(tenant):
        await provisioning.check_due_domains(server.parts)


async def test_proofs_are_looked_for_by_the_job_where_tenants_are_served(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    ledger: Ledger,
    names: tuple[NameServer, NameServer],
) -> None:
    publish(names, await claim(api))
    await api.post(f"/domains/{HOST}/check", {})
    names[0].texts.clear()
    await look(server, acme)
    assert await kinds(ledger, acme) == [Event.TENANT_DOMAIN_PROOF_MISSING]


@on_sqlite
async def test_ti_29_a_proven_host_shows_its_own_proof_and_no_other(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    claimed = await claim(api)
    await claim(foreign_api)
    url = f"http://{HOST}{domain_proof.PATH}"
    assert (await server.http.get(url)).status_code == 421
    with use_tenant(acme):
        await provisioning.verify_domain(server.parts, HOST, stated=True)
    shown = await server.http.get(url)
    assert (shown.status_code, shown.text) == (200, f"{claimed['value']}\n")
    assert (await server.http.get(f"{acme.issuer}{domain_proof.PATH}")).text == ""


@on_sqlite
async def test_a_host_is_written_in_any_letters_and_kept_as_browsers_send_it(
    api: ApiClient,
) -> None:
    for written in ("Anmeldung.BÜCHER.example", "anmeldung.xn--bcher-kva.example"):
        claimed = await claim(api, written)
        assert claimed["host"] == "anmeldung.xn--bcher-kva.example"
        assert claimed["record"] == "_authgate-challenge.anmeldung.xn--bcher-kva.example"
    [listed] = (await api.get("/domains")).json()["items"]
    assert (await api.get(f"/domains/{listed['host']}")).status_code == 200
    for bad in (
        "localhost",
        "a.localhost",
        "1.0.0.127.in-addr.arpa",
        "192.0.2.1",
        "[2001:db8::1]",
        "xn--a.example",
        "xn--zzzzzzz9999.example",
        "login.acme.example:8443",
        "evil.test/login",
        "a..example",
        "a\u0000b.example",
    ):
        answer = await api.post("/domains", {"host": bad})
        assert answer.status_code in (400, 422), bad
    for number in range(MOST - 1):
        await claim(api, f"h{number}.acme.example")
    assert is_problem(await api.post("/domains", {"host": "x.acme.example"}), 409, "conflict")


class Led(NoHttp):
    """Asks a server on this machine for what lies at the host."""

    def __init__(self, http: GuardedHttp, host: Host) -> None:
        self._http, self._host = http, host

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        assert url == f"https://{HOST}{domain_proof.PATH}"
        led = url.replace(HOST, self._host.name)
        return await self._http.get(led, headers=headers)


async def test_ti_29_a_file_proves_a_host_and_nothing_that_it_leads_to(
    host: Host, certificate: tuple[Path, Path], names: tuple[NameServer, NameServer]
) -> None:
    async with GuardedHttp(
        allowed_networks=[ip_network("127.0.0.0/8")], authorities=certificate[0]
    ) as http:
        proof = DomainProof(Led(http, host), [each.address for each in names])
        host.says(body=f"something=else\r\n{VALUE}\r\n".encode())
        found = await proof.look(CLAIMED)
        assert (found.proof, found.outcome) == (DomainProven.HTTP, Outcome.FOUND)
        for said in (
            {"body": b"authgate-domain=of-another-tenant"},
            {"body": f"<p>{VALUE}</p>".encode()},
            {"status": 404, "body": VALUE.encode()},
            {"status": 302, "headers": {"location": "https://localhost/"}},
            {"body": b"x" * 5000 + f"\n{VALUE}".encode()},
        ):
            host.site = lambda _asked, said=said: Answer(**said)  # type: ignore[misc]
            found = await proof.look(CLAIMED)
            assert (found.proof, found.outcome) == (None, Outcome.MISSING), said


async def test_ti_29_a_record_proves_a_host_where_every_name_server_has_it(
    names: tuple[NameServer, NameServer],
) -> None:
    first, second = names

    async def found() -> Findings:
        async with GuardedHttp() as http:
            return await DomainProof(http, [each.address for each in names]).look(CLAIMED)

    first.texts[domain_proof.record(HOST)] = [VALUE]
    one = await found()
    assert (one.proof, one.outcome) == (None, Outcome.MISSING)
    second.refuses = True
    assert (await found()).proof is DomainProven.DNS, "who is silent says nothing against it"
    first.refuses = True
    none = await found()
    assert (none.proof, none.outcome) == (None, Outcome.UNREACHABLE)
    assert [each.place for each in none.steps] == ["1", "2", domain_proof.address(HOST)]
    told = "".join(each.said for each in none.steps)
    assert not any(str(each.port) in told for each in names), told


async def test_ti_29_a_tenant_does_not_learn_which_names_there_are_inside(
    names: tuple[NameServer, NameServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    said = []
    async with GuardedHttp() as http:
        for answers in (inside, socket.gaierror()):

            def resolve(*_: object, answers: Any = answers, **__: object) -> list[Any]:
                if isinstance(answers, Exception):
                    raise answers
                return list(answers)

            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            look = DomainProof(http, [each.address for each in names]).look(CLAIMED)
            said.append((await look).steps[-1].said)
    assert said == ["The name leads to no address that may be reached."] * 2
