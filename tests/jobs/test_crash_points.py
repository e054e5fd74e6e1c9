"""Whoever does a job is killed before each of its commits, and followed by another one: its effect
is there, whole and once (fault F10)."""

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate import audit, provisioning
from authgate.audit import SYSTEM, Actor, Event
from authgate.exports import audit_log, writing
from authgate.jobs import (
    DeliverLogouts,
    EndTheRest,
    EraseAccounts,
    ExportAudit,
    FeedPlugins,
    ForgetPeople,
    ImportUsers,
    Job,
    RetireAudit,
    RollUpUsage,
    SealAudit,
    SendMails,
    port,
)
from authgate.mail import post as leave
from authgate.mail.letters import Letter
from authgate.provisioning import user_imports
from authgate.provisioning.roles import OPERATOR
from authgate.sealing import forgetting, retention, sealer, stored_log
from authgate.sealing.sealer import Sealer
from authgate.settings import EgressSettings, MailSettings, Settings
from authgate.storage.audit import audit_events, export_rows
from authgate.storage.audit.audit_erasures import AuditErasureRow
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.exports import AuditExportRow, LogFormat, Wanted
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.export_files import ExportPiece, ExportState
from authgate.storage.issued import mass_ending
from authgate.storage.issued.tokens import Token
from authgate.storage.jobs.kept_jobs import KeptJobRow
from authgate.storage.mail.mails import Mail
from authgate.storage.metering import roll_up, usage_entries
from authgate.storage.metering.usage_days import ALL_CLIENTS, Measure
from authgate.storage.people import account_deletions, users
from authgate.storage.people.users import UserRow
from authgate.storage.sign_in import logout_deliveries
from authgate.storage.sign_in.logout_deliveries import LogoutDelivery
from authgate.vocabulary import DeliveryStatus, MailPurpose, MailStatus, TokenStatus
from authgate_jsonl import files
from authgate_tenants import Tenant, use_tenant
from authgate_testing import mail_server, relying_party
from authgate_testing.api import client_token
from authgate_testing.crash_points import Asked, Holds, Trial
from authgate_testing.databases import on_sqlite
from authgate_testing.mail_server import MailServer
from authgate_testing.relying_party import RelyingParty
from authgate_testing.server import RunningServer
from authgate_testing.tenants import choose

pytestmark = on_sqlite

EVENTS = 25
DAYS = 2
_FIVE = range(1, 6)


@pytest.fixture
async def mailbox(certificate: tuple[Path, Path]) -> AsyncIterator[MailServer]:
    """Where mail arrives."""
    async with mail_server.listening(certificate, plain=True) as listening:
        yield listening


@pytest.fixture
async def party(certificate: tuple[Path, Path]) -> AsyncIterator[RelyingParty]:
    """A client's own server."""
    async with relying_party.listening(certificate) as listening:
        yield listening


@pytest.fixture
def settings(
    settings: Settings,
    certificate: tuple[Path, Path],
    mailbox: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nothing_scheduled: None,
) -> Settings:
    """Jobs in many steps, which are done by the tests alone."""
    monkeypatch.setattr(sealer, "BATCH", 10)
    monkeypatch.setattr(retention, "STEP", 1)
    monkeypatch.setattr(forgetting, "STEP", 10)
    monkeypatch.setattr(writing, "PIECE", 3000)
    monkeypatch.setattr(export_rows, "PAGE", 10)
    monkeypatch.setattr(mass_ending, "AT_ONCE", 2)
    monkeypatch.setattr(mass_ending, "_BATCH", 1)
    monkeypatch.setenv(files.FOLDER, str(tmp_path))
    mail = MailSettings(
        host="127.0.0.1", port=mailbox.port, security="none", sender="no-reply@acme.example"
    )
    egress = EgressSettings(ca_file=certificate[0], allowed_networks=("127.0.0.0/8",))
    changes = {"mail": mail, "egress": egress, "tenant_deletion_days": 0}
    return settings.model_copy(update=changes)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """What jobs are asked for."""
    queue = Asked()
    with port.served_by(queue):
        yield queue


@pytest.fixture
def trial(server: RunningServer, asked: Asked) -> Trial:
    """Kills."""
    return Trial(server, asked)


async def happened(server: RunningServer, number: int, *, days: float = 0) -> None:
    """Somebody signs out so many times, so long ago."""
    then = server.clock() - timedelta(days=days)
    for n in range(number):
        made = audit.event(Event.LOGOUT, actor=Actor("user", f"{n}", "mira"))
        await audit_events.append(made._replace(occurred_at=then))


async def all_of(rows: QuerySet[Any], column: str) -> list[Any]:
    """What is in a column of them."""
    return [getattr(each, column) for each in await rows]


async def is_sound(server: RunningServer) -> None:
    while await Sealer(server.parts).seal():
        pass  # a checkpoint is an event as well
    keys = Sealer(server.parts).keys
    assert (await stored_log.verified(trusted=keys.thumbprints)).faults == []
    places = await all_of(AuditEvent.all(), "seq")
    assert None not in places
    assert len(set(places)) == len(places)


async def test_every_event_gets_one_place_and_a_seal(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        await happened(server, EVENTS)

        async def holds() -> None:
            await is_sound(server)
            assert await AuditEvent.filter(event_type="LOGOUT").count() == EVENTS

        return SealAudit(), holds

    assert await trial.kills(arrange) >= 3


async def test_a_file_of_the_log_is_whole(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        await happened(server, EVENTS)
        wanted = Wanted(LogFormat.JSONL, bom=False, chosen={})
        export = await audit_log.request(server.parts, wanted, actor=SYSTEM)

        async def holds() -> None:
            row = await AuditExportRow.get(id=export.id)
            assert row.state is ExportState.READY
            pieces = await ExportPiece.filter(attempt=row.attempt).order_by("number")
            file = b"".join(gzip.decompress(bytes(each.content)) for each in pieces)
            events = AuditEvent.filter(occurred_at__lt=row.until).order_by("occurred_at", "id")
            told = [json.loads(line)["id"] for line in file.splitlines()]
            assert told == [str(each) for each in await all_of(events, "id")]
            assert (row.rows, row.length) == (len(told), len(file))

        return ExportAudit(str(export.id)), holds

    assert await trial.kills(arrange) >= 4


async def test_what_is_old_goes_and_the_log_is_sound(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        await AuditEvent.all().delete()
        for _seal in range(3):
            await happened(server, 10, days=500)
            await Sealer(server.parts).step()
        await happened(server, 1)
        await Sealer(server.parts).seal()

        async def holds() -> None:
            await is_sound(server)
            assert await AuditEvent.filter(event_type="LOGOUT").count() == 1

        server.clock.advance(timedelta(days=2).total_seconds())
        return RetireAudit(), holds

    assert await trial.kills(arrange) >= 2


async def test_a_log_forgets_who_is_gone_and_is_sound(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        person = await users.create(username="mira")
        for _event in range(15):
            await audit.record(Event.LOGOUT, actor=audit.user(person.id, "mira"))
        await forgetting.erase_person(person, now=server.clock())
        await AuditErasureRow.all().update(due_at=server.clock())
        await Sealer(server.parts).seal()

        async def holds() -> None:
            await is_sound(server)
            theirs = AuditEvent.filter(actor_id=str(person.id))
            assert set(await all_of(theirs, "actor_name")) == {""}

        return ForgetPeople(), holds

    assert await trial.kills(arrange) >= 4


async def test_sums_count_each_thing_once(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        now = server.clock()
        for _call in range(3):
            await usage_entries.note(Measure.API_CALLS, now=now, detail="api")
        for _day in range(DAYS):
            made = audit.event(
                Event.CLIENT_CREDENTIALS_TOKEN_ISSUED, actor=Actor("client", "machine")
            )
            await audit_events.append(made._replace(occurred_at=server.clock()))
            server.clock.advance(timedelta(days=1).total_seconds())

        async def holds() -> None:
            counted = await roll_up.by_day(
                {Measure.TOKENS, Measure.API_CALLS},
                since=date(2020, 1, 1),
                client_id=ALL_CLIENTS,
                now=server.clock(),
            )
            sums = Counter[Measure]()
            for measure, each in counted.each():
                sums[measure] += each.total
            assert sums == {Measure.TOKENS: DAYS, Measure.API_CALLS: 3}

        return RollUpUsage(), holds

    assert await trial.kills(arrange) >= 4


async def test_accounts_are_deleted_once(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        now, leavers = server.clock(), []
        for number in range(2):
            leaver = await users.create(username=f"leaver-{number}", email=f"{number}@acme.example")
            await account_deletions.ask(leaver.id, due_at=now, now=now)
            leavers.append(str(leaver.id))

        async def holds() -> None:
            assert await UserRow.all().count() == 0
            gone = AuditEvent.filter(event_type=Event.USER_DELETED)
            assert sorted(await all_of(gone, "resource_id")) == sorted(leavers)

        return EraseAccounts(), holds

    assert await trial.kills(arrange) >= 2


async def test_the_rest_of_a_clients_tokens_ends(server: RunningServer, trial: Trial) -> None:
    async def arrange(tenant: Tenant) -> tuple[Job, Holds]:
        draft = ClientDraft(name="Backup", grant_types=["client_credentials"], scopes=["read"])
        machine = await provisioning.add_client(server.parts, draft)
        for _ in range(5):
            await client_token(server, tenant, machine, "read")
        await provisioning.revoke_client_tokens(server.parts, machine.client.client_id)

        async def holds() -> None:
            assert await Token.filter(status=TokenStatus.ACTIVE).count() == 0
            assert await KeptJobRow.all().count() == 0

        return EndTheRest(client_id=machine.client.client_id), holds

    assert await trial.kills(arrange) >= 3


async def test_mail_arrives_at_least_once_by_one_id(
    server: RunningServer, trial: Trial, mailbox: MailServer
) -> None:
    async def arrange(tenant: Tenant) -> tuple[Job, Holds]:
        people = [f"{n}@{tenant.slug}.example" for n in range(2)]
        for each in people:
            letter = Letter("Hello", "Here you are.", "")
            await leave(server.parts, letter, recipient=each, purpose=MailPurpose.INVITATION)

        async def holds() -> None:
            assert set(await all_of(Mail.all(), "status")) == {MailStatus.SENT}
            for each in people:
                arrived = [mail["Message-ID"] for mail in mailbox.mails if mail["To"] == each]
                assert len(set(arrived)) == 1

        return SendMails(), holds

    assert await trial.kills(arrange) >= 3
    assert len(mailbox.mails) > len({str(each["Message-ID"]) for each in mailbox.mails})


async def test_clients_are_told_that_a_session_is_over(
    server: RunningServer, trial: Trial, party: RelyingParty
) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        metadata = ClientMetadata(backchannel_logout_uri=party.uri)
        draft = ClientDraft(
            name="Portal",
            grant_types=["authorization_code"],
            scopes=["openid"],
            redirect_uris=["https://portal.example/callback"],
            metadata=metadata,
        )
        client = (await provisioning.add_client(server.parts, draft)).client
        sessions = [uuid7() for _ in range(2)]
        for each in sessions:
            now = server.clock()
            await logout_deliveries.add(each, client.client_id, subject="mira", now=now)

        async def holds() -> None:
            ended = await all_of(LogoutDelivery.all(), "status")
            assert set(ended) == {DeliveryStatus.DELIVERED}
            told = [party.told.get_nowait() for _ in range(party.told.qsize())]
            sids = {jwt.decode(each, options={"verify_signature": False})["sid"] for each in told}
            assert sids == set(map(str, sessions))

        return DeliverLogouts(), holds

    assert await trial.kills(arrange) >= 3


async def test_plugins_are_told_of_every_event(
    server: RunningServer, trial: Trial, tmp_path: Path
) -> None:
    async def arrange(tenant: Tenant) -> tuple[Job, Holds]:
        await choose(server, tenant, enabled_plugins=("jsonl",))
        found = await server.parts.resolver.find_by_id(tenant.id)
        assert found is not None
        with use_tenant(found):
            await happened(server, 5)
        server.clock.advance(10)

        async def holds() -> None:
            written = (tmp_path / tenant.slug).glob("*.jsonl")
            told = {
                json.loads(line)["id"] for each in written for line in each.read_text().splitlines()
            }
            theirs = AuditEvent.filter(event_type="LOGOUT")
            assert {str(each) for each in await all_of(theirs, "id")} <= told

        return FeedPlugins(), holds

    assert await trial.kills(arrange) >= 3


async def test_people_of_a_file_come_once(server: RunningServer, trial: Trial) -> None:
    async def arrange(_: Tenant) -> tuple[Job, Holds]:
        begun = await user_imports.begin(server.parts, ["username"], by=OPERATOR)
        lines: list[tuple[int, dict[str, Any]]] = [(n, {"username": f"p{n}"}) for n in _FIVE]
        await user_imports.receive(server.parts, begun.id, lines, by=OPERATOR)
        await user_imports.start(server.parts, begun.id, dry_run=False, by=OPERATOR)

        async def holds() -> None:
            there = await all_of(UserRow.all().order_by("username"), "username")
            assert there == [f"p{n}" for n in _FIVE]
            assert await AuditEvent.filter(event_type=Event.USER_CREATED).count() == 5

        return ImportUsers(str(begun.id)), holds

    assert await trial.kills(arrange) >= 1
