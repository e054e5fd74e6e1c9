"""``/device``: what a person is shown, asked and told before a device may act in their name."""

import asyncio
import re
from uuid import uuid4

import httpx2
import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients
from authgate.storage.clients.rows import ClientRow
from authgate.storage.grants.device_codes import (
    USER_CODE_ALPHABET,
    USER_CODE_LENGTH,
    DeviceCode,
    DeviceCodeStatus,
)
from authgate.storage.people.users import User
from authgate.storage.random_secrets import hashed
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

PASSWORD = "correct-horse-battery-staple"
UNKNOWN = "We don\u2019t know this code."
PATIENT = {
    "user_code_per_session": "1000/s burst 1000",
    "user_code_per_ip": "1000/s burst 1000",
}


async def status_of(tenant: Tenant) -> DeviceCodeStatus:
    with use_tenant(tenant):
        return (await DeviceCode.get()).status


async def typed(person: Person, tenant: Tenant, code: str) -> httpx2.Response:
    """Open the page and type a code."""
    await person.visit(f"{tenant.issuer}/device")
    return await person.submit({"user_code": code}, to="/device")


def decision_form(page: httpx2.Response) -> dict[str, str]:
    return next(each.hidden for each in forms(page.text) if each.action.endswith("/decision"))


# --- Two steps ------------------------------------------------------------------------------------


@on_sqlite
async def test_dv_04_a_link_shows_who_asks_for_what_and_approves_nothing(
    server: RunningServer, acme: Tenant, device_client: NewClient, person: Person, ledger: Ledger
) -> None:
    far_away = Device(server.from_address("203.0.113.77"), acme, device_client)
    far_away.http.headers["User-Agent"] = "acme-cli/2.1"
    shown = await far_away.start(scope="openid email read")
    before = await ledger.events(acme)

    page = await person.visit(shown["verification_uri_complete"])
    assert page.status_code == 200
    letters = "".join(re.findall(r"<span>([A-Z])</span>", page.text))
    assert letters == shown["user_code"].replace("-", "")
    for fact in (
        "Acme CLI",
        "First-party",
        "203.0.113.77",
        "Not where you are",
        "127.0.0.1",
        "acme-cli/2.1",
        "Know that it is you",
        "Read your email address",
        "Read your data",
        "alice",
    ):
        assert fact in page.text, fact
    assert "user name" not in page.text, "profile was not asked for"
    buttons = re.findall(r'name="decision" value="(\w+)"', page.text)
    assert buttons == ["deny", "approve", "report"], "the first is what Enter presses"
    assert await status_of(acme) is DeviceCodeStatus.PENDING
    assert await ledger.events(acme) == before


@on_sqlite
async def test_typing_the_code_approves_nothing(
    acme: Tenant, device: Device, person: Person
) -> None:
    shown = await device.start()
    page = await typed(person, acme, shown["user_code"])
    assert "Is this your device?" in page.text
    # Nor do the fields of the second step, sent with the first.
    await person.visit(f"{acme.issuer}/device")
    page = await person.submit(
        {"user_code": shown["user_code"], "decision": "approve", "mine": "1"}, to="/device"
    )
    assert "Is this your device?" in page.text
    assert await status_of(acme) is DeviceCodeStatus.PENDING


@on_sqlite
async def test_without_the_tick_nothing_is_approved(
    acme: Tenant, device: Device, person: Person, ledger: Ledger
) -> None:
    shown = await device.start()
    for mine in ("", "0", "on", "11"):
        await typed(person, acme, shown["user_code"])
        page = await person.submit({"decision": "approve", "mine": mine}, to="/device/decision")
        assert page.status_code == 400
        assert "Is this your device?" in page.text
    assert await status_of(acme) is DeviceCodeStatus.PENDING
    assert await ledger.events(acme, Event.DEVICE_CODE_AUTHORIZED) == []


@on_sqlite
async def test_only_what_is_offered_is_decided(
    acme: Tenant, device: Device, person: Person
) -> None:
    shown = await device.start()
    for decision in ("", "Approve", "yes", "redeemed", "approved"):
        await typed(person, acme, shown["user_code"])
        page = await person.submit({"decision": decision, "mine": "1"}, to="/device/decision")
        assert page.status_code == 400
    assert await status_of(acme) is DeviceCodeStatus.PENDING


@on_sqlite
@pytest.mark.parametrize(
    ("decision", "event", "says"),
    [
        ("approve", Event.DEVICE_CODE_AUTHORIZED, "Device approved"),
        ("deny", Event.DEVICE_CODE_DENIED, "Request denied"),
        ("report", Event.DEVICE_CODE_REPORTED, "Request denied and reported"),
    ],
)
async def test_every_decision_is_told_and_written_down(
    acme: Tenant,
    device: Device,
    person: Person,
    alice: User,
    ledger: Ledger,
    decision: str,
    event: Event,
    says: str,
) -> None:
    shown = await device.start(scope="openid")
    page = await decide(person, shown, decision)
    assert page.status_code == 200
    assert says in page.text
    [written] = await ledger.events(acme, event)
    assert (written.actor_id, written.client_id) == (
        str(alice.id),
        device.client.client.client_id,
    )
    assert written.details == {"scope": "openid", "asked_from": "127.0.0.1"}
    answer = await device.poll(shown["device_code"])
    assert answer.status_code == (200 if decision == "approve" else 400)


@on_sqlite
async def test_a_decision_is_made_on_the_code_that_was_shown(
    acme: Tenant, device: Device, person: Person
) -> None:
    # The form of one request cannot approve another one, whose code somebody slips in.
    own, other = await device.start(), await device.start()
    page = await typed(person, acme, own["user_code"])
    fields = decision_form(page) | {"decision": "approve", "mine": "1"}
    for swapped in (other["user_code"], other["user_code"].replace("-", ""), ""):
        answer = await person.http.post(
            f"{acme.issuer}/device/decision", data=fields | {"user_code": swapped}
        )
        assert answer.status_code == 403
    general = forms((await person.visit(f"{acme.issuer}/device")).text)[0].hidden["csrf_token"]
    answer = await person.http.post(
        f"{acme.issuer}/device/decision",
        data=fields | {"user_code": other["user_code"], "csrf_token": general},
    )
    assert answer.status_code == 403, "a token for other forms decides nothing"
    with use_tenant(acme):
        assert await DeviceCode.filter(status=DeviceCodeStatus.PENDING).count() == 2


@on_sqlite
async def test_somebody_else_may_take_over_and_comes_back_to_the_code(
    acme: Tenant, device: Device, person: Person, carol: User
) -> None:
    shown = await device.start()
    page = await typed(person, acme, shown["user_code"])
    assert 'formaction="/t/acme/device/switch"' in page.text
    former = person.http.cookies["authgate_session"]
    person.page = await person.http.post(
        f"{acme.issuer}/device/switch", data=decision_form(page), follow_redirects=True
    )
    assert person.page.url.path == "/t/acme/login"
    page = await person.submit({"username": "carol", "password": PASSWORD}, to="/login")
    assert person.http.cookies["authgate_session"] != former
    assert "Is this your device?" in page.text
    assert "carol" in page.text
    await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    token = (await device.poll(shown["device_code"])).json()["access_token"]
    who = await device.http.get(
        f"{acme.issuer}/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}
    )
    assert who.json()["sub"] == str(carol.id)


async def test_dv_07_of_two_people_who_decide_at_once_one_wins(
    acme: Tenant, device: Device, person: Person, colleague: Person, ledger: Ledger
) -> None:
    for _ in range(3):
        shown = await device.start()
        for somebody in (person, colleague):
            await typed(somebody, acme, shown["user_code"])
        pages = await asyncio.gather(
            *(
                somebody.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
                for somebody in (person, colleague)
            )
        )
        assert sorted(page.status_code for page in pages) == [200, 400]
        assert sum(UNKNOWN in page.text for page in pages) == 1
        winner = "alice" if pages[0].status_code == 200 else "carol"
        token = (await device.poll(shown["device_code"])).json()["access_token"]
        who = await device.http.get(
            f"{acme.issuer}/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}
        )
        assert who.json()["preferred_username"] == winner
    assert len(await ledger.events(acme, Event.DEVICE_CODE_AUTHORIZED)) == 3


# --- Codes that are not pending -------------------------------------------------------------------


def words(page: httpx2.Response) -> tuple[int, str]:
    # Another language is offered at addresses that can be opened once more.
    text = re.sub(r'<form class="languages".*?</form>', "", page.text, flags=re.DOTALL)
    return page.status_code, "".join(re.sub(r'value="[^"]*"', "", text).split())


async def test_dv_03_unknown_expired_and_decided_codes_look_the_same_by_link_and_by_form(
    server: RunningServer,
    acme: Tenant,
    device: Device,
    foreign_device: Device,
    person: Person,
    ledger: Ledger,
) -> None:
    await limited(server, acme, **PATIENT)
    approved, denied, expired = [await device.start() for _ in range(3)]
    await decide(person, approved)
    await decide(person, denied, "deny")
    server.clock.advance(901)
    foreign = await foreign_device.start()
    pages = []
    for code in (
        approved["user_code"],
        denied["user_code"],
        expired["user_code"],
        foreign["user_code"],
        "BCDF-GHJK",
        "rubbish",
    ):
        pages.append(words(await typed(person, acme, code)))
        pages.append(words(await person.visit(f"{acme.issuer}/device?user_code={code}")))
    assert pages[0][0] == 400
    assert "".join(UNKNOWN.split()) in pages[0][1]
    for page in pages:
        assert page == pages[0]


@on_sqlite
async def test_what_has_become_of_a_request_is_shown_to_who_approved_it_and_to_nobody_else(
    acme: Tenant,
    globex: Tenant,
    device: Device,
    person: Person,
    colleague: Person,
    stranger: Person,
) -> None:
    approved, denied = [await device.start() for _ in range(2)]
    page = await decide(person, approved)
    await decide(person, denied, "deny")
    with use_tenant(acme):
        ids = {str(each.status): str(each.id) for each in await DeviceCode.all()}
    assert f"/device/decided/{ids['approved']}/live" in page.text
    for end in ("", "/live"):
        for tenant, who, row_id, status in (
            (acme, person, ids["approved"], 204 if end else 200),
            (acme, person, ids["denied"], 404),
            (acme, person, str(uuid4()), 404),
            (acme, person, "rubbish", 404),
            (acme, colleague, ids["approved"], 404),
            (globex, stranger, ids["approved"], 404),
        ):
            answer = await who.http.get(f"{tenant.issuer}/device/decided/{row_id}{end}")
            assert answer.status_code == status, (tenant.slug, row_id, end)


@on_sqlite
async def test_ca_17_the_code_of_a_disabled_client_is_unknown(
    acme: Tenant, device: Device, person: Person
) -> None:
    shown = await device.start()
    confirm = await typed(person, acme, shown["user_code"])
    with use_tenant(acme):
        await clients.set_status(device.client.client.client_id, ClientStatus.INACTIVE)
    fields = decision_form(confirm) | {"decision": "approve", "mine": "1"}
    answer = await person.http.post(f"{acme.issuer}/device/decision", data=fields)
    assert answer.status_code == 400
    assert UNKNOWN in answer.text
    assert UNKNOWN in (await typed(person, acme, shown["user_code"])).text
    assert await status_of(acme) is DeviceCodeStatus.PENDING


@on_sqlite
async def test_dv_13_a_code_is_found_however_it_is_typed(
    server: RunningServer, acme: Tenant, device: Device, person: Person
) -> None:
    await limited(server, acme, **PATIENT)
    shown = await device.start()
    code = shown["user_code"]
    bare = code.replace("-", "")
    for spelling in (
        code,
        bare,
        code.lower(),
        f"  {bare}  ",
        " ".join(bare),
        f"{bare[:4]} - {bare[4:]}",
        f"{bare[:4]}\u2011{bare[4:]}",
        f"{bare[:4]}\u2013{bare[4:]}",
        f"{bare[:4]}\u2014{bare[4:]}",
        f"{bare[:4]}_{bare[4:]}",
        f"{bare[:2].lower()}.{bare[2:]}\n",
    ):
        page = await typed(person, acme, spelling)
        assert page.status_code == 200, spelling
        letters = "".join(re.findall(r"<span>([A-Z])</span>", page.text))
        assert letters == bare


@on_sqlite
async def test_dv_13_what_cannot_be_a_code_is_none(
    server: RunningServer, acme: Tenant, device: Device, person: Person, ledger: Ledger
) -> None:
    await limited(server, acme, **PATIENT)
    with use_tenant(acme):
        await device.start()
        await DeviceCode.all().update(user_code_hash=hashed("SSSSSSSS"))
    assert (await typed(person, acme, "ssss-ssss")).status_code == 200
    full_width = "\uff33" * 8
    for rubbish in (
        full_width,
        "\u017f" * 8,  # long s, whose capital is S
        "\u00df" * 4,  # sharp s, whose capitals are SS
        "SSSS-SSSSS",
        "SSSSSSS",
        "SSSS\0SSSS",
        "SSSS-SSSS" + " " * 64,
        "S" * 60_000,
        "'; DROP TABLE device_codes; --",
        "%53SSS-SSSS",
        "\u202eSSSS-SSSS",
        "SSSS\u200bSSSS",
    ):
        page = await typed(person, acme, rubbish)
        assert page.status_code == 400, ascii(rubbish[:20])
    assert await status_of(acme) is DeviceCodeStatus.PENDING


# --- Guessing -------------------------------------------------------------------------------------


async def limited(server: RunningServer, tenant: Tenant, **limits: str) -> None:
    """Give the tenant limits of its own."""
    settings = TenantSettings(login_limits=limits).to_json()
    await change(server, tenant, settings=settings)


@on_sqlite
@pytest.mark.usefixtures("limits_stand_still")
async def test_dv_01_after_five_codes_a_session_has_to_wait(
    acme: Tenant, device: Device, person: Person, ledger: Ledger
) -> None:
    shown = await device.start()
    await person.visit(f"{acme.issuer}/device")
    form = forms(person.page.text if person.page else "")[0]
    guesses = [f"BBBB-BBB{letter}" for letter in USER_CODE_ALPHABET] * 2
    answers = []
    for _ in range(5):
        answers += await asyncio.gather(
            *(
                person.http.post(f"{acme.issuer}/device", data=form.hidden | {"user_code": guess})
                for guess in guesses
            )
        )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(400), codes.count(429)) == (5, 195), "also of those sent together"
    paused = next(answer for answer in answers if answer.status_code == 429)
    assert int(paused.headers["retry-after"]) >= 1
    assert "Too many codes tried." in paused.text
    # The right one is not heard either, by form or by link.
    assert (await typed(person, acme, shown["user_code"])).status_code == 429
    assert (await person.visit(shown["verification_uri_complete"])).status_code == 429
    [alarm] = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert alarm.resource_id == "user_code_per_session"
    # RFC 8628 section 5.1: what five guesses are worth, if one code is waiting; and for how many
    # days a session guesses before it finds one of a thousand.
    guesses_of_a_day, possible = 5 * 24 * 6, len(USER_CODE_ALPHABET) ** USER_CODE_LENGTH
    assert 5 / possible < 2**-32
    assert possible / (1_000 * guesses_of_a_day) > 30_000


@pytest.mark.usefixtures("limits_stand_still")
async def test_dv_02_guesses_from_everywhere_use_up_the_tenants_budget(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    alice: User,
    stranger: Person,
    ledger: Ledger,
) -> None:
    await limited(server, acme, user_code_per_tenant="10/min burst 10")
    codes = []
    for number in range(4):
        somebody = Person(server.from_address(f"198.51.100.{number}"))
        await somebody.sign_in(acme.issuer, "alice", PASSWORD)
        codes += [(await typed(somebody, acme, "BBBB-BBBB")).status_code for _ in range(4)]
    assert codes == [400] * 10 + [429] * 6
    alarms = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert {alarm.resource_id for alarm in alarms} == {"user_code_per_tenant"}
    # TI-14: nobody else's budget.
    assert (await typed(stranger, globex, "BBBB-BBBB")).status_code == 400


@pytest.mark.usefixtures("limits_stand_still")
@on_sqlite
async def test_dv_03_links_and_forms_share_one_limit(acme: Tenant, person: Person) -> None:
    codes = []
    for number in range(7):
        url = f"{acme.issuer}/device"
        if number % 2:
            codes.append((await person.visit(f"{url}?user_code=BBBB-BBBB")).status_code)
        else:
            codes.append((await typed(person, acme, "BBBB-BBBB")).status_code)
    assert codes == [400] * 5 + [429] * 2
    assert (await person.visit(f"{acme.issuer}/device")).status_code == 200, "no guess, no limit"


@on_sqlite
async def test_who_is_not_signed_in_learns_nothing_of_a_code(
    server: RunningServer, acme: Tenant, device: Device
) -> None:
    shown = await device.start()
    answers = [
        await server.http.get(f"{acme.issuer}/device?user_code={code}")
        for code in (shown["user_code"], "BBBB-BBBB")
    ]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.content for answer in answers}) == 1


@on_sqlite
async def test_dv_12_the_decision_cannot_be_framed_or_forged(
    acme: Tenant, device: Device, person: Person, colleague: Person
) -> None:
    shown = await device.start()
    page = await typed(person, acme, shown["user_code"])
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    own = decision_form(page) | {"decision": "approve", "mine": "1"}
    hers = decision_form(await typed(colleague, acme, shown["user_code"]))
    for fields, headers in (
        (own | {"csrf_token": ""}, {}),
        (own | {"csrf_token": hers["csrf_token"]}, {}),
        (own, {"Origin": "https://evil.test"}),
        (own, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
        (own, {"Sec-Fetch-Site": "same-site"}),
    ):
        answer = await person.http.post(
            f"{acme.issuer}/device/decision", data=fields, headers=headers
        )
        assert answer.status_code == 403
    assert await status_of(acme) is DeviceCodeStatus.PENDING


@on_sqlite
async def test_un_12_what_a_device_says_of_itself_is_shown_as_it_is(
    server: RunningServer, acme: Tenant, device_client: NewClient, person: Person
) -> None:
    hostile = Device(server.from_address("203.0.113.77"), acme, device_client)
    hostile.http.headers["User-Agent"] = (
        ("<img src=x onerror=alert(1)>{{7*7}}\u00ad" + "x" * 5_000)
        .encode("latin-1")
        .decode("latin-1")
    )
    await limited(server, acme, **PATIENT)
    with use_tenant(acme):
        await ClientRow.all().update(name="<b>Acme</b> \u202eILC")
    shown = await hostile.start(scope="openid")
    page = await typed(person, acme, shown["user_code"])
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "<b>Acme</b> " not in page.text
    assert ">49<" not in page.text
    assert "<bdi>" in page.text, "a name cannot turn the text around it"
