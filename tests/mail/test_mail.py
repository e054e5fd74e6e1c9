"""Mail leaves after COMMIT, once, over an encrypted line; and is tried again until it does."""

import asyncio
import math
from dataclasses import replace
from datetime import timedelta

import pytest

from authgate import background, mail, provisioning, storage
from authgate.jobs import Result, SendMails
from authgate.mail import delivery, servers, smtp
from authgate.mail.delivery import AGAIN_AFTER_SECONDS
from authgate.mail.smtp import NotSent
from authgate.mail_addresses import BadAddress, checked, is_sender
from authgate.settings import MailSettings
from authgate.storage.mail.mails import LEASE, Mail
from authgate.storage.sweep import due_mails
from authgate.vocabulary import MailPurpose, MailStatus
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.mail_server import MailServer
from authgate_testing.server import RunningServer

WITHOUT_SERVER = pytest.mark.parametrize("settings", [False], indirect=True, ids=["no-server"])


async def leave(server: RunningServer, tenant: Tenant, to: str = "mira@acme.example") -> None:
    """Leave a test mail to be sent."""
    with use_tenant(tenant):
        await mail.post(server.parts, mail.written("test"), recipient=to, purpose=MailPurpose.TEST)


async def mails(tenant: Tenant) -> list[Mail]:
    with use_tenant(tenant):
        return await Mail.all().order_by("id")


async def settled(tenant: Tenant, *, attempts: int) -> Mail:
    """The one mail, once so many attempts are over."""
    async with asyncio.timeout(30):
        while True:
            [found] = await mails(tenant)
            if found.attempts == attempts and (found.last_error or found.ended_at):
                return found
            await asyncio.sleep(0.01)


async def a_round(server: RunningServer) -> None:
    """What is done every few seconds."""
    performer = background.performer(server.parts)
    assert await performer.perform(SendMails(), tenant_id=None) is Result.DONE


async def test_a_mail_leaves_at_once_and_nothing_of_what_it_says_stays(
    server: RunningServer, acme: Tenant, globex: Tenant, postbox: MailServer
) -> None:
    await leave(server, acme, "Mira@Acme.example")
    sent = await settled(acme, attempts=1)
    assert (sent.status, sent.sealed, sent.recipient) == (
        MailStatus.SENT,
        None,
        "mira@acme.example",
    )
    [arrived] = postbox.mails
    assert postbox.encrypted == [True]
    assert arrived["To"] == "Mira@Acme.example", "as it was given: who receives it may mind"
    assert arrived["From"] == "Northwind <no-reply@northwind.example>"
    assert arrived["Subject"] == "Mail from Acme arrives"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Message-ID"] == f"<{sent.id}@northwind.example>"
    kinds = [part.get_content_type() for part in arrived.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert await mails(globex) == []


async def test_what_is_rolled_back_is_not_told_of(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    with use_tenant(acme):
        async with storage.transaction() as unit:
            await leave(server, acme)
            unit.doom()
    await a_round(server)
    assert (await mails(acme), postbox.mails) == ([], [])


async def test_what_the_server_does_not_take_now_is_tried_again_and_given_up_after_a_day(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    tries = len(AGAIN_AFTER_SECONDS) + 1
    postbox.answers += ["451 later"] * tries
    await leave(server, acme)
    failed = await settled(acme, attempts=1)
    assert (failed.status, failed.last_error) == (
        MailStatus.PENDING,
        "The mail server answered 451: later",
    )
    assert await due_mails.waiting(server.parts.settings.database, since=server.clock()) == 1
    await a_round(server)
    assert (await settled(acme, attempts=1)).status is MailStatus.PENDING, "not due yet"
    for attempt, pause in enumerate(AGAIN_AFTER_SECONDS, start=2):
        server.clock.advance(pause * 1.2 + 1)
        await a_round(server)
        failed = await settled(acme, attempts=attempt)
    assert (failed.status, failed.sealed) == (MailStatus.FAILED, None)
    assert postbox.mails == []
    assert timedelta(hours=18) < timedelta(seconds=sum(AGAIN_AFTER_SECONDS)) < timedelta(days=1.2)


@on_sqlite
async def test_a_mail_that_the_server_will_never_take_is_given_up_at_once(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    postbox.answers.append("550 nobody of this name")
    await leave(server, acme)
    failed = await settled(acme, attempts=1)
    assert (failed.status, failed.sealed) == (MailStatus.FAILED, None)


@on_sqlite
async def test_a_wrong_password_keeps_mail_waiting_and_is_not_told(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    postbox.password = "another-password-of-the-mail-server"
    await leave(server, acme)
    failed = await settled(acme, attempts=1)
    assert failed.status is MailStatus.PENDING
    assert failed.last_error == "The mail server refused the user name and password."
    postbox.password = "a-password-of-the-mail-server"
    server.clock.advance(15)
    await a_round(server)
    assert (await settled(acme, attempts=2)).status is MailStatus.SENT


@on_sqlite
async def test_a_forgotten_user_name_destroys_no_mail_and_the_doctor_finds_it(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    settings = server.parts.settings.mail
    named = servers.server_of_installation(settings)
    assert named is not None
    await smtp.greet(named)
    with pytest.raises(NotSent, match="answered 530: "):
        await smtp.greet(replace(named, username="", password=""))
    object.__setattr__(settings, "username", "")
    await leave(server, acme)
    failed = await settled(acme, attempts=1)
    assert failed.status is MailStatus.PENDING
    assert failed.last_error.startswith("The mail server answered 530: "), failed.last_error
    object.__setattr__(settings, "username", "mailer")
    postbox.answers.append("554 5.7.1 Relay access denied")
    for attempts, status in ((2, MailStatus.PENDING), (3, MailStatus.SENT)):
        server.clock.advance(AGAIN_AFTER_SECONDS[attempts - 2] * 1.2 + 1)
        await a_round(server)
        assert (await settled(acme, attempts=attempts)).status is status
    assert len(postbox.mails) == 1


def test_whoever_has_taken_mails_is_done_before_another_may_take_them() -> None:
    longest = math.ceil(delivery.IN_ONE_GO / delivery.AT_ONCE) * smtp.SECONDS
    assert timedelta(seconds=1.2 * longest) < LEASE


@on_sqlite
async def test_two_processes_send_a_mail_once(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    postbox.answers.append("451 later")
    await leave(server, acme)
    await settled(acme, attempts=1)
    server.clock.advance(15)
    await asyncio.gather(a_round(server), a_round(server), a_round(server))
    await settled(acme, attempts=2)
    assert len(postbox.mails) == 1


@on_sqlite
async def test_pw_09_one_address_is_sent_three_mails_an_hour(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    for address in ("mira@acme.example", "MIRA@acme.example", "mira@ACME.example"):
        await leave(server, acme, address)
    with pytest.raises(mail.TooManyMails):
        await leave(server, acme)
    await leave(server, acme, "somebody-else@acme.example")
    await leave(server, globex)
    server.clock.advance(3601)
    await leave(server, acme)


@on_sqlite
async def test_pw_09_mails_that_others_ask_for_keep_away_none_that_somebody_needs(
    server: RunningServer, acme: Tenant
) -> None:
    async def sent(purpose: MailPurpose) -> int:
        for count in range(4):
            try:
                await mail.post(
                    server.parts, letter, recipient="mira@acme.example", purpose=purpose
                )
            except mail.TooManyMails:
                return count
        return 4

    with use_tenant(acme):
        letter = mail.written("test")
        others = (MailPurpose.JOIN, MailPurpose.INVITATION, MailPurpose.ADDRESS)
        assert [await sent(each) for each in others] == [3, 3, 0]
        own = (MailPurpose.PASSWORD, MailPurpose.SECURITY_NOTICE, MailPurpose.NOTICE)
        assert [await sent(each) for each in own] == [3, 3, 3]


@pytest.mark.parametrize(
    "address",
    [
        "bob@b.example\r\nBcc: x@evil.example",
        "bob@b.example\nx",
        "bob@b.example, x@evil.example",
        "Bob <bob@b.example>",
        '"b\r\nb"@b.example',
        "bob@b.example\0",
        "bob@b..example",
        "bob@localhost",
        "@b.example",
        "b" * 65 + "@b.example",
        "bob@" + "b" * 64 + ".example",
        "bob@b.example" + ".example" * 40,
        "bób@b.example",
        "",
    ],
    ids=str,
)
def test_pw_07_an_address_is_one_recipient_and_ends_no_header(address: str) -> None:
    with pytest.raises(BadAddress):
        checked(address)
    assert not is_sender(f"Mallory <{address}>")


@on_sqlite
async def test_pw_07_a_tenants_name_begins_no_header(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    named = "Acme\r\nBcc: x@evil.example\r\n\r\nClick here"
    with use_tenant(acme):
        letter = mail.written("test", site=named)
        await mail.post(
            server.parts, letter, recipient="mira@acme.example", purpose=MailPurpose.TEST
        )
    await settled(acme, attempts=1)
    [arrived] = postbox.mails
    assert arrived["Subject"] == "Mail from Acme Bcc: x@evil.example Click here arrives"
    assert arrived["Bcc"] is None
    assert postbox.envelopes[0].rcpt_tos == ["mira@acme.example"]


@on_sqlite
async def test_ti_27_a_suspended_tenants_mail_waits(
    server: RunningServer, acme: Tenant, postbox: MailServer
) -> None:
    postbox.answers.append("451 later")
    await leave(server, acme)
    await settled(acme, attempts=1)
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.SUSPENDED)
    server.clock.advance(60)
    await a_round(server)
    assert postbox.mails == []
    database, now = server.parts.settings.database, server.clock()
    assert await due_mails.waiting(database, since=now) == 0, "nobody can do anything about it"
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.ACTIVE)
    assert await due_mails.waiting(database, since=now) == 1
    await a_round(server)
    assert len(postbox.mails) == 1


@on_sqlite
@WITHOUT_SERVER
async def test_without_a_server_mail_is_shown_on_this_machine_and_nowhere_else(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await leave(server, acme)
    await a_round(server)
    [kept] = await mails(acme)
    assert (kept.status, kept.attempts) == (MailStatus.KEPT, 0)
    here = f"{acme.issuer}/mails"
    page = await server.http.get(here)
    assert "Mail from Acme arrives" in page.text
    assert "mira@acme.example" in page.text
    assert "mira@acme.example" not in (await server.http.get(f"{globex.issuer}/mails")).text
    async with server.from_address("203.0.113.9") as elsewhere:
        assert (await elsewhere.get(here)).status_code == 404
    by_proxy = await server.http.get(here, headers={"X-Forwarded-For": "127.0.0.1"})
    assert by_proxy.status_code == 404


@on_sqlite
@WITHOUT_SERVER
async def test_in_production_mail_is_not_shown(
    server: RunningServer, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leave(server, acme)
    object.__setattr__(server.parts.settings, "profile", "prod")
    assert (await server.http.get(f"{acme.issuer}/mails")).status_code == 404
    await leave(server, acme)
    object.__setattr__(server.parts.settings, "profile", "dev")
    assert [each.status for each in await mails(acme)] == [MailStatus.KEPT, MailStatus.PENDING]


def test_a_server_asks_for_somebody_whom_mail_comes_from() -> None:
    with pytest.raises(ValueError, match=r"mail\.sender"):
        MailSettings(host="mail.example")
    with pytest.raises(ValueError, match="name@host"):
        MailSettings(sender="nobody")
    assert is_sender("AuthGate <no-reply@example.com>")
    assert is_sender("no-reply@example.com")
