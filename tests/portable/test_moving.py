"""A tenant moves to another installation, whose database and keys are others."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import httpx2
import orjson
import pytest

from authgate import portable
from authgate.accounts.connection_secrets import ConnectionSecrets
from authgate.audit import SYSTEM
from authgate.installation import Installation
from authgate.portable import Choice, UnfitFile, Wanted, exports, sealed_log
from authgate.sealing import forgetting, stored_log
from authgate.sealing.sealer import Sealer, keys_of
from authgate.settings import Settings
from authgate.storage.audit import audit_erasures
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.clients import clients
from authgate.storage.metering import roll_up
from authgate.storage.metering.usage_days import UsageMark
from authgate.storage.people import users
from authgate.storage.people.users import UserRow
from authgate.storage.portable.parts import EXPORTED
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sign_in.sessions import Session
from authgate.storage.sweep import due_domains
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, domains, use_tenant
from authgate_tenants.domains import DomainProven
from authgate_tenants.models import DomainClaim, TenantRow
from authgate_testing.databases import on_sqlite
from authgate_testing.lived import PASSPHRASE, PASSWORD, Lived, exported, keep, opened
from authgate_testing.person import Person


async def arrived(parts: Installation, lived: Lived, **wanted: object) -> Tenant:
    """The tenant, where it has come to."""
    brought = await portable.bring_in(
        parts,
        lived.file,
        Wanted(PASSPHRASE, **wanted),  # type: ignore[arg-type]
        actor=SYSTEM,
    )
    tenant = await parts.resolver.find(brought.slug)
    assert tenant is not None
    return tenant


async def asked(
    http: httpx2.AsyncClient, tenant: Tenant, path: str, **form: str
) -> httpx2.Response:
    return await http.post(f"{tenant.issuer}/oauth/{path}", data=form)


async def test_logins_secrets_and_tokens_work_where_a_tenant_has_come_to(
    lived: Lived, elsewhere: Settings
) -> None:
    console = {"client_id": "console", "client_secret": lived.console_secret}
    machine = {"client_id": "machine", "client_secret": lived.machine_secret}
    async with opened(elsewhere) as (parts, http):
        acme = await arrived(parts, lived)
        assert (acme.id, acme.issuer) == (lived.tenant.id, lived.tenant.issuer)

        page = await Person(http).sign_in(acme.issuer, "ålice", PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text
        for secret, status in ((lived.machine_secret, 200), ("wrong", 401)):
            given = {"client_id": "machine", "client_secret": secret}
            answer = await asked(http, acme, "token", grant_type="client_credentials", **given)
            assert answer.status_code == status

        told = await asked(http, acme, "introspect", token=lived.access_token, **machine)
        assert told.json()["active"] is True
        refreshing = {"grant_type": "refresh_token", "refresh_token": lived.refresh_token}
        refreshed = await asked(http, acme, "token", **refreshing, **console)
        assert refreshed.status_code == 200, refreshed.text
        token = refreshed.json()["access_token"]
        assert (await asked(http, acme, "introspect", token=token, **machine)).json()["active"]

        with use_tenant(acme):
            alice, client = await users.find_by_login("Ålice"), await clients.find("console")
            assert alice is not None
            assert client is not None
            assert alice.subject == lived.subject
            assert await parts.subjects.of(alice, client) == lived.pairwise_subject
            github = await connections.find("github")
            assert github is not None
            secrets = ConnectionSecrets(parts.encryption)
            assert await secrets.open(github) == {"client_secret": "s"}
            assert [each.host for each in await domains.every()] == ["login.acme.example"]
            kinds = [each.event_type for each in await AuditEvent.all().order_by("id")]
        assert kinds[0] == "TENANT_CREATED"
        assert "TENANT_IMPORTED" in kinds
        assert "TENANT_EXPORTED" not in kinds


async def test_an_export_of_an_import_is_the_same_file_byte_for_byte(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(elsewhere) as (parts, _):
        acme = await arrived(parts, lived)
        keys = Choice(PASSPHRASE, signing_keys=True)
        assert await exported(parts, acme, keys) == lived.file.read_bytes()
        # Once more, now that it tells of an export and an import.
        assert await exported(parts, acme, keys) == lived.file.read_bytes()


async def test_a_log_that_was_sealed_is_sealed_anew_where_it_comes_to(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, _):
        with use_tenant(lived.tenant):
            assert await Sealer(parts).seal()
            alice = await users.find_by_login("Ålice")
            assert alice is not None
            now = parts.clock()
            await audit_erasures.ask(alice.id, username="ålice", email="", now=now, due_at=now)
            assert await forgetting.forget(parts)
            assert await Sealer(parts).seal()
        keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
        former = keys_of(parts).thumbprints
    with lived.file.open("rb") as stream:
        report = sealed_log.checked(stream, trusted=former)
    assert report.is_sound
    assert report.events
    assert report.erased
    async with opened(elsewhere) as (parts, _):
        acme = await arrived(parts, lived)
        with use_tenant(acme):
            assert await AuditEvent.filter(seq__isnull=False).count() == 0
            assert await Sealer(parts).seal() > report.events
            anew = await stored_log.verified(trusted=keys_of(parts).thumbprints)
    assert anew.is_sound
    assert anew.signed_by not in former


@on_sqlite
async def test_without_its_signing_keys_a_tenant_signs_by_new_ones(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, http):
        keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
        former = (await http.get(f"{lived.tenant.issuer}/.well-known/jwks.json")).json()["keys"]
    another = elsewhere.model_copy(update={"base_url": "http://elsewhere.example"})
    async with opened(another) as (parts, http):
        acme = await arrived(parts, lived)
        assert acme.issuer == "http://elsewhere.example/t/acme"
        page = await Person(http).sign_in(acme.issuer, "ålice", PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text
        keys = (await http.get(f"{acme.issuer}/.well-known/jwks.json")).json()["keys"]
        assert keys
        assert not {key["kid"] for key in keys} & {key["kid"] for key in former}


@on_sqlite
async def test_a_tenant_whose_file_has_no_mark_of_its_usage_is_counted_from_then_on(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, _):
        with use_tenant(lived.tenant):
            await UsageMark.all().delete()
        keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
    async with opened(elsewhere) as (parts, http):
        acme = await arrived(parts, lived)
        machine = {"client_id": "machine", "client_secret": lived.machine_secret}
        answer = await asked(http, acme, "token", grant_type="client_credentials", **machine)
        assert answer.status_code == 200
        now = parts.clock()
        with use_tenant(acme):
            used = await roll_up.tokens_by_day(since=now.date() - timedelta(days=1), now=now)
        assert [(each.detail, each.total) for each in used.counts] == [("client_credentials", 1)]


@on_sqlite
async def test_ex_08_a_host_that_was_proven_there_counts_only_where_somebody_says_so(
    lived: Lived, elsewhere: Settings
) -> None:
    choice = Choice(PASSPHRASE, signing_keys=True)
    async with opened(lived.settings) as (parts, _):
        with use_tenant(lived.tenant):
            await domains.verify("login.acme.example", now=parts.clock())
            await TenantRow.filter(id=lived.tenant.id).update(issuer_host="login.acme.example")
        whole = await exported(parts, lived.tenant, choice)
        keep(lived.file, whole)
    async with opened(elsewhere) as (parts, _):
        cautious = await portable.examine(parts, lived.file, Wanted(PASSPHRASE))
        assert (cautious.issuer, cautious.unproven) == (
            lived.tenant.issuer,
            ["login.acme.example"],
        )
        told: list[tuple[object, ...]] = []
        parts.invalidations.subscribe("tenants", lambda *key: told.append(key))
        acme = await arrived(parts, lived, hosts=True)
        assert acme.issuer == "http://login.acme.example"
        assert (None, "host", "login.acme.example") in told, "it was nobody's so far"
        assert await exported(parts, acme, choice) == whole


@on_sqlite
async def test_a_host_that_is_not_believed_waits_for_its_proof_and_is_not_due(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, _):
        now = parts.clock()
        with use_tenant(lived.tenant):
            await domains.verify("login.acme.example", now=now)
            await domains.found("login.acme.example", DomainProven.DNS, now=now, due_at=now)
        keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
    async with opened(elsewhere) as (parts, _):
        acme = await arrived(parts, lived)
        with use_tenant(acme):
            [claim] = await DomainClaim.all()
            assert claim.token
            assert (claim.proof, claim.checked_at, claim.missing_since) == ("", None, None)
        later = parts.clock()
        assert await due_domains.tenants(elsewhere.database, now=later, limit=9) == []


@on_sqlite
async def test_no_file_brings_a_host_that_is_the_installations_own(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(lived.settings) as (parts, _):
        with use_tenant(lived.tenant):
            await domains.verify("login.acme.example", now=parts.clock())
        keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
    ours = elsewhere.model_copy(update={"base_url": "http://login.acme.example"})
    async with opened(ours) as (parts, _):
        with pytest.raises(UnfitFile, match="the installation's own"):
            await arrived(parts, lived, hosts=True)
        acme = await arrived(parts, lived)
        assert acme.issuer == "http://login.acme.example/t/acme"


def as_before(patch: pytest.MonkeyPatch) -> None:
    """Have files written as before operators who are guests stayed behind."""
    parts = [replace(each, only="") if "guest" in each.only else each for each in EXPORTED]
    patch.setattr(exports, "EXPORTED", parts)
    patch.setattr(exports, "UserStatus", SimpleNamespace(DISABLED=UserStatus.ACTIVE))


@on_sqlite
@pytest.mark.parametrize("written", ["now", "before"])
async def test_an_operator_who_is_a_guest_there_is_nobody_where_the_tenant_comes_to(
    lived: Lived, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    sessions = f"{lived.tenant.issuer}/account/sessions"
    async with opened(lived.settings) as (parts, http):
        http.cookies.set("authgate_session", lived.guest_key)
        assert (await http.get(sessions)).status_code == 200
        if written == "before":
            as_before(monkeypatch)
            keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
    lines = [orjson.loads(line) for line in lived.file.read_bytes().splitlines()]
    [guest] = [each for each in lines if each.get("guest_until")]
    known = [each for each in lines if each.get("user_id") == guest["id"]]
    assert (guest["status"], len(known)) == (("disabled", 0) if written == "now" else ("active", 1))
    async with opened(elsewhere) as (parts, http):
        acme = await arrived(parts, lived)
        http.cookies.set("authgate_session", lived.guest_key)
        assert (await http.get(sessions)).is_redirect
        with use_tenant(acme):
            here = await UserRow.get(id=guest["id"])
            assert (here.status, here.guest_until is None) == (UserStatus.DISABLED, False)
            # Whose session it is stays.
            [left] = await Session.all()
            assert str(left.user_id) == lived.subject
            assert {each.session_id for each in await SessionClient.all()} == {left.id}
