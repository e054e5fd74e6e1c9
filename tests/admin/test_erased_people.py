"""Whoever is erased is named nowhere: in no table, not in Redis, in no line of the log; a
certificate says so, and the audit log is verified nevertheless."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
import redis
from pydantic import SecretStr

from authgate import audit, background, mail, provisioning
from authgate.alerts import deciding
from authgate.audit import SYSTEM, Actor, Event
from authgate.jobs import (
    ErasePerson,
    ForgetPeople,
    Job,
    RaiseAlerts,
    Result,
    SealAudit,
    VerifyAudit,
)
from authgate.permissions import UserRole
from authgate.provisioning import (
    address_blocks,
    forgotten_passwords,
    operator_accesses,
    user_imports,
)
from authgate.provisioning import invitations as inviting
from authgate.provisioning.operator_accesses import LONGEST, Wanted
from authgate.provisioning.roles import Authority
from authgate.sealing import checking, erasure_proofs, forgetting, stored_log
from authgate.sealing.sealer import Sealer
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.audit import alerts, former_names, leaves
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.audit_erasures import Erasure
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.jobs.kept_jobs import KeptJobRow
from authgate.storage.mail.mails import Mail
from authgate.storage.metering import roll_up
from authgate.storage.metering.usage_days import Measure
from authgate.storage.people import impersonations, scim_tokens, users
from authgate.storage.people.operator_accesses import OperatorAccess
from authgate.storage.people.person_erasures import PersonErasureRow
from authgate.storage.people.users import User, UserRow
from authgate.storage.sweep import log_keeping
from authgate.storage.unit_of_work import transaction
from authgate.tokens.erasure_certificate import ERASURE
from authgate.tokens.signed_statement import BadStatement, StatementKey
from authgate.vocabulary import AccessState, MailPurpose, Severity
from authgate_tenants import Tenant, blocks, use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_testing import PostgresServer, tenants
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"  # of people who exist in tests only
NAME, ADDRESS, MAIL = "wilhelmina.quist", "203.0.113.77", "quist.w@elsewhere.example"
BROWSER = "Quistbrowser/7"
GUESSER = "198.51.100.23"
"""Where somebody else tries her password."""
BOX, OTHERS = "ops+quist@elsewhere.example", "ops+jon@elsewhere.example"
TRACES = (NAME, "Wilhelmina Quist", MAIL, ADDRESS, BROWSER)


@pytest.fixture
def settings(
    settings: Settings, database_settings: DatabaseSettings, request: pytest.FixtureRequest
) -> Settings:
    """Redis beside PostgreSQL, and every line of the log; of an address it counts for longer than
    a test takes, by Redis's clock."""
    limits = settings.limits.model_copy(update={"login_per_ip": "10/h burst 10"})
    changed: dict[str, object] = {"log_level": "debug", "limits": limits}
    if not database_settings.is_sqlite:
        changed["redis_url"] = SecretStr(request.getfixturevalue("redis_url"))
    return settings.model_copy(update=changed)


@pytest.fixture
async def wilhelmina(server: RunningServer, acme: Tenant, alice: User, password_hash: str) -> User:
    """An administrator of acme, beside an owner."""
    with use_tenant(acme):
        await users.set_role(alice.id, UserRole.OWNER)
        return await users.create(
            username=NAME, name="Wilhelmina Quist", email=MAIL, email_verified=True,
            password_hash=password_hash, role=UserRole.ADMIN,
        )  # fmt: skip


async def run(server: RunningServer, *jobs: Job, tenant: Tenant | None = None) -> None:
    performer = background.performer(server.parts)
    for job in jobs:
        done = await performer.perform(job, tenant_id=tenant.id if tenant else None)
        assert done is Result.DONE


async def lived(
    server: RunningServer, acme: Tenant, her: User, alice: User, app: Application
) -> None:
    """What somebody does who is in charge: for herself, and for others."""
    with use_tenant(acme):
        wanted = Wanted(uuid4(), "op", UserRole.AUDITOR, "Ticket 2", LONGEST)
        access = await operator_accesses.ask(wanted, now=server.clock())
        await OperatorAccess.filter(id=access.id).update(decided_by=NAME, decided_at=server.clock())
    async with server.from_address(GUESSER) as http:
        await Person(http).sign_in(acme.issuer, NAME, "wrong-password-it-is")
    async with server.from_address(ADDRESS) as http:
        http.headers["User-Agent"] = BROWSER
        person = Person(http)
        await person.sign_in(acme.issuer, NAME, "wrong-password-it-is")
        await person.sign_in(acme.issuer, NAME, PASSWORD)
        await app.signed_in(person, scope="openid offline_access")
        await person.visit(f"{acme.issuer}/account/data")
        await person.submit({}, to="/data/file")
    actor, now = audit.user(her.id, NAME), server.clock()
    by = Authority(actor, her.role)
    with use_tenant(acme):
        await address_blocks.block_address(server.parts, "198.51.100.0/24", reason="x", actor=actor)
        await forgotten_passwords.ask_for_link(server.parts, MAIL)
        await inviting.invite(server.parts, "jo@acme.example", UserRole.USER, by=by)
        file = await user_imports.begin(server.parts, ["username", "email"], by=by)
        await user_imports.receive(
            server.parts, file.id, [(2, {"username": NAME, "email": MAIL})], by=by
        )
        async with transaction():
            await scim_tokens.issue(
                description="Contoso", trusts_emails=False, created_by=NAME,
                now=now, expires_at=now,
            )  # fmt: skip
            await impersonations.add(
                user_id=alice.id, actor_id=her.id, actor_name=NAME, reason="Ticket 1",
                state=AccessState.ENDED, now=now, ends_at=now,
            )  # fmt: skip
        finding = Finding(
            rule="quota-reached", subject_type="quota", subject_id="users", first_at=now, at=now,
            last_at=now, details={},
        )  # fmt: skip
        async with transaction():
            raised = await alerts.add(finding, window=LONGEST, severity=Severity.WARNING, now=now)
        assert raised is not None
        await deciding.close(server.parts, raised.id, actor=actor)
    await provisioning.change_tenant(
        server.parts, acme, change=lambda each: each.changed({"audit_person_days": 90}), actor=actor
    )
    for named in ([NAME, alice.username], [NAME]):
        await tenants.choose(server, acme, alert_recipients=named)
    await run(server, SealAudit())
    with use_tenant(acme):
        await checking.begin(server.parts, actor=actor)


async def test_au_07_nothing_names_somebody_who_was_erased_and_the_log_is_verified(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    wilhelmina: User,
    console: Application,
    settings: Settings,
    postgres: PostgresServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await lived(server, acme, wilhelmina, alice, console)
    before = stored(settings, postgres)
    assert [trace for trace in TRACES if trace not in before] == []
    if settings.redis_url is not None:
        assert f":login_per_ip:{ADDRESS}" in counted(settings)
    server.clock.advance(600)  # so late nothing comes any more that was before
    here = f"/users/{wilhelmina.id}/erase"
    mistyped = await api.post(here, {"confirmation": "wilhelmina"})
    assert is_problem(mistyped, 422, "invalid")
    asked = await api.post(here, {"confirmation": NAME})
    assert asked.status_code == 202, asked.text
    id_ = asked.json()["id"]
    await run(server, ErasePerson(id_), tenant=acme)
    await run(server, SealAudit(), RaiseAlerts())
    await forgotten(server)
    await run(server, VerifyAudit(), tenant=acme)
    await run(server, RaiseAlerts())
    proof = (await api.get(f"/user-erasures/{id_}")).json()
    assert proof["state"] == "erased"
    everything = stored(settings, postgres) + capsys.readouterr().err
    assert [trace for trace in TRACES if trace in everything] == []
    if settings.redis_url is not None:
        assert f":login_per_ip:{GUESSER}" in counted(settings), "who guessed is counted on"
    with use_tenant(acme):
        report = await stored_log.verified(trusted=Sealer(server.parts).keys.thumbprints)
        used = await roll_up.by_day({Measure.TOKENS}, since=date(2020, 1, 1), now=server.clock())
    grants = {each.detail for each in used.counts[Measure.TOKENS]}
    assert grants == {"authorization_code", "client_credentials"}, "which the log tells no more"
    assert report.faults == []
    assert report.erased == proof["events"] > 0
    assert proof["rows"].keys() >= {
        "users", "browser_sessions", "refresh_tokens", "mails", "user_imports",
        "user_import_lines", "impersonations", "scim_tokens", "invitations", "tenants",
        "operator_accesses", "tenant_settings_versions", "alerts", "audit_logs",
    }  # fmt: skip
    stated = await erasure_proofs.verified(server.parts, proof["certificate"])
    assert (stated["person"], stated["rows"]) == (str(wilhelmina.id), proof["rows"])
    head, body, signature = proof["certificate"].split(".")
    with pytest.raises(BadStatement):
        await erasure_proofs.verified(server.parts, f"{head}.{body[:-4]}AAAA.{signature}")


def stored(settings: Settings, postgres: PostgresServer) -> str:
    """All that is in the database and in Redis."""
    return at_rest(settings.database, postgres) + counted(settings)


def counted(settings: Settings) -> str:
    """All that is in Redis, where there is one."""
    if settings.redis_url is None:
        return ""
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as store:
        found = [key + (store.dump(key) or b"") for key in store.scan_iter()]
    return b"\n".join(found).decode("latin-1")


@on_sqlite
async def test_who_is_asked_for_again_is_erased_though_the_job_was_let_be(
    server: RunningServer, api: ApiClient, acme: Tenant, wilhelmina: User
) -> None:
    here = f"/users/{wilhelmina.id}"
    asked = (await api.post(f"{here}/erase", {"confirmation": NAME})).json()
    with use_tenant(acme):
        await KeptJobRow.all().delete()
    assert is_problem(await api.post(f"{here}/enable"), 409, "conflict")
    again = await api.post(f"{here}/erase", {"confirmation": NAME})
    assert (again.status_code, again.json()["id"]) == (202, asked["id"])
    with use_tenant(acme):
        [kept] = await KeptJobRow.filter(name=ErasePerson.name)
    await run(server, ErasePerson(**kept.arguments), tenant=acme)
    await forgotten(server)
    assert (await api.get(f"/user-erasures/{asked['id']}")).json()["state"] == "erased"


@on_sqlite
async def test_at_once_stays_at_once_where_somebody_else_deletes_them_meanwhile(
    server: RunningServer, api: ApiClient, acme: Tenant, wilhelmina: User
) -> None:
    await tenants.change(server, acme, settings={"audit_person_days": 90})
    here = f"/users/{wilhelmina.id}"
    asked = (await api.post(f"{here}/erase", {"confirmation": NAME})).json()
    assert (await api.delete(here)).status_code == 204
    await run(server, ErasePerson(asked["id"]), tenant=acme)
    await forgotten(server)
    assert (await api.get(f"/user-erasures/{asked['id']}")).json()["state"] == "erased"


@on_sqlite
async def test_an_erasure_of_somebody_who_is_gone_already_ends_with_a_certificate(
    server: RunningServer, api: ApiClient, acme: Tenant, wilhelmina: User
) -> None:
    asked = (await api.post(f"/users/{wilhelmina.id}/erase", {"confirmation": NAME})).json()
    with use_tenant(acme):
        await UserRow.filter(id=wilhelmina.id).delete()
    await run(server, ErasePerson(asked["id"]), tenant=acme)
    await forgotten(server)
    proof = (await api.get(f"/user-erasures/{asked['id']}")).json()
    assert (proof["state"], proof["rows"]) == ("erased", {})
    stated = await erasure_proofs.verified(server.parts, proof["certificate"])
    with use_tenant(acme):
        report = await stored_log.verified(trusted=Sealer(server.parts).keys.thumbprints)
    assert stated["events"] == report.erased > 0
    assert report.faults == []


@on_sqlite
async def test_the_log_forgets_former_names_and_addresses_as_long_as_they_were_theirs(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    wilhelmina: User,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("authgate.audit.log.utc_now", server.clock)

    async def told(email: str) -> None:
        async with transaction():
            await audit.record(Event.USER_INVITED, actor=SYSTEM, details={"email": email})
            await audit.record(Event.USER_ROLE_CHANGED, actor=SYSTEM, details={"by": "q.former"})

    here = f"/users/{wilhelmina.id}"
    with use_tenant(acme):
        await UserRow.filter(id=wilhelmina.id).update(
            username="q.former", canonical_username="q.former"
        )
        await told(MAIL.upper())
    await left(server, acme, MAIL)
    changed = await api.patch(here, {"username": NAME, "email": "w@new.example"}, if_match="*")
    assert changed.status_code == 200, changed.text
    server.clock.advance(600)
    with use_tenant(acme):
        await told(MAIL)  # whose they are by now
    await left(server, acme, MAIL)
    asked = (await api.post(f"{here}/erase", {"confirmation": NAME})).json()
    await run(server, ErasePerson(asked["id"]), tenant=acme)
    await forgotten(server)
    for kind in (Event.USER_INVITED, Event.USER_ROLE_CHANGED):
        assert [bool(each.details) for each in await ledger.events(acme, kind)] == [False, True]
    with use_tenant(acme):
        assert await Mail.filter(recipient=MAIL).count() == 1
        report = await stored_log.verified(trusted=Sealer(server.parts).keys.thumbprints)
    assert report.faults == []


@on_sqlite
async def test_an_address_that_was_never_proven_is_no_former_one_nor_is_a_name_that_looks_like_one(
    acme: Tenant, wilhelmina: User
) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    was = {"username": "Ceo@acme.example", "email": "cfo@acme.example"}
    with use_tenant(acme):
        renamed = AuditEvent(occurred_at=at, details={"was": was})
    had = former_names.of(wilhelmina._replace(email_verified=False), [renamed])
    assert had == {"username": {"ceo@acme.example": leaves.micros(at)}, "email": {}}
    erasure = Erasure(
        id=uuid4(), user_id=wilhelmina.id, username=NAME, email="", former=had, asked_at=at,
        position=0,
    )  # fmt: skip
    assert [*erasure.former_addresses()] == []


async def forgotten(server: RunningServer) -> None:
    """What jobs do of the log until it has forgotten whoever is gone."""
    for _ in range(3):
        await run(server, SealAudit(), ForgetPeople())
        server.clock.advance(600)
    await run(server, SealAudit())


@on_sqlite
async def test_mail_to_somebody_else_behind_the_same_mailbox_stays(
    server: RunningServer, api: ApiClient, acme: Tenant, wilhelmina: User
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=wilhelmina.id).update(email=BOX, canonical_email=BOX)
    for address in (BOX, OTHERS):
        await left(server, acme, address)
    asked = (await api.post(f"/users/{wilhelmina.id}/erase", {"confirmation": NAME})).json()
    await run(server, ErasePerson(asked["id"]), tenant=acme)
    server.clock.advance(600)
    await left(server, acme, BOX)  # whoever has the address by now
    await forgotten(server)
    with use_tenant(acme):
        assert sorted([row.recipient for row in await Mail.all()]) == [OTHERS, BOX]


@on_sqlite
async def test_a_certificate_counts_each_event_once_whoever_is_killed_meanwhile(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    wilhelmina: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty, begun = log_keeping.empty, 0

    async def killed(*given: Any, **named: Any) -> int:
        nonlocal begun
        begun += 1
        if begun > 1:
            await empty(*given, **named)
        raise OSError("killed")

    monkeypatch.setattr(log_keeping, "empty", killed)
    asked = (await api.post(f"/users/{wilhelmina.id}/erase", {"confirmation": NAME})).json()
    await run(server, ErasePerson(asked["id"]), tenant=acme)
    for _ in range(4):  # before it empties anything, and before it says that it has
        await run(server, SealAudit())
        server.clock.advance(600)
        with use_tenant(acme), suppress(OSError):
            await forgetting.forget(server.parts)
        if begun > 1:
            break
    monkeypatch.setattr(log_keeping, "empty", empty)
    await forgotten(server)
    proof = (await api.get(f"/user-erasures/{asked['id']}")).json()
    with use_tenant(acme):
        report = await stored_log.verified(trusted=Sealer(server.parts).keys.thumbprints)
    assert (proof["state"], proof["events"]) == ("erased", report.erased)
    assert report.erased > 0


async def left(server: RunningServer, acme: Tenant, address: str) -> None:
    """A mail waits there."""
    letter = mail.Letter("Hello", "Hello.", "<p>Hello.</p>")
    with use_tenant(acme):
        await mail.post_owed(server.parts, letter, recipient=address, purpose=MailPurpose.ALERT)


@on_sqlite
async def test_what_others_did_who_are_called_the_same_stays_theirs(
    server: RunningServer, api: ApiClient, acme: Tenant, password_hash: str
) -> None:
    with use_tenant(acme):
        await operator_accesses.ask(
            Wanted(uuid4(), "op", UserRole.AUDITOR, "x", LONGEST), now=server.clock()
        )
        await OperatorAccess.all().update(decided_by="jo", decided_at=server.clock())
        server.clock.advance(1)
        for name in ("system", "jo"):
            user = await users.create(username=name, password_hash=password_hash)
            await UserRow.filter(id=user.id).update(created_at=server.clock())
            for number, actor in enumerate((SYSTEM, Actor("system", name="jo"))):
                await address_blocks.block_address(
                    server.parts, f"198.51.10{number}.0/24", reason="x", actor=actor
                )
            async with transaction():
                await scim_tokens.issue(
                    description="Contoso", trusts_emails=False, created_by="system",
                    now=server.clock(), expires_at=server.clock(),
                )  # fmt: skip
            asked = await api.post(f"/users/{user.id}/erase", {"confirmation": name})
            await run(server, ErasePerson(asked.json()["id"]), tenant=acme)
        assert {each.blocked_by for each in await blocks.every()} == {"system", "jo"}
        assert {row.created_by for row in await scim_tokens.ScimTokenRow.all()} == {"system"}
        assert [row.decided_by for row in await OperatorAccess.all()] == ["jo"]


@on_sqlite
async def test_a_certificate_is_told_with_the_key_that_signed_it(
    server: RunningServer, api: ApiClient, acme: Tenant, wilhelmina: User
) -> None:
    asked = (await api.post(f"/users/{wilhelmina.id}/erase", {"confirmation": NAME})).json()
    former = StatementKey.of(ERASURE, KeyEncryptionKey("00", bytes(range(32))))
    with use_tenant(acme):
        await PersonErasureRow.all().update(certificate=former.sign({"jti": asked["id"]}))
    proof = (await api.get(f"/user-erasures/{asked['id']}")).json()
    assert proof["certificate_key"] == former.thumbprint
