"""``/login``: signing in with a password, and all the ways in which it must not work."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import httpx2
import pytest
from argon2 import PasswordHasher

from authgate.accounts import password_costs
from authgate.accounts import passwords as passwords_module
from authgate.accounts.passwords import Passwords, is_todays
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, LimitSettings, Settings
from authgate.storage.people import password_kinds, users
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change

pytestmark = pytest.mark.usefixtures("hashed_as_ever", "limits_stand_still")

PASSWORD = "correct-horse-battery-staple"
BCRYPT = "$2b$04$" + "." * 22 + "u" * 31
"""Of another server, of no password that anybody knows."""
WRONG = "wrong-horse-battery-staple"


@pytest.fixture
async def password_hash(passwords: Passwords) -> str:
    """As slow to check as one that nobody has."""
    return await passwords.hash(PASSWORD)


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """As usual, or with limits of the test's choice, by an indirect parameter."""
    limits: dict[str, str] = getattr(request, "param", {})
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        limits=LimitSettings(**limits),  # type: ignore[arg-type]
        log_level="info",
    )


no_limit_by_address = pytest.mark.parametrize(
    "settings", [{"login_per_ip": "1000/s burst 1000"}], indirect=True
)

Attempt = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
async def attempt(server: RunningServer, acme: Tenant) -> Attempt:
    """Try to sign in: from an address of one's choice, in a browser that nobody knows."""
    page = await server.browser().get(f"{acme.issuer}/login")
    cookie = page.headers["set-cookie"].partition(";")[0]
    [form] = forms(page.text)

    async def sent(
        username: str, password: str = WRONG, *, ip: str = "127.0.0.1", **headers: str
    ) -> httpx2.Response:
        fields = form.hidden | {"username": username, "password": password}
        async with server.from_address(ip) as client:
            return await client.post(
                f"{acme.issuer}/login", data=fields, headers={"Cookie": cookie, **headers}
            )

    return sent


def signed_in(answer: httpx2.Response) -> bool:
    return "authgate_session=" in answer.headers.get("set-cookie", "")


# --- The right password ---------------------------------------------------------------------------


async def test_the_right_password_signs_in_and_is_written_down(
    attempt: Attempt, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    answer = await attempt("alice", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/t/acme/account/sessions")
    assert signed_in(answer)
    [event] = await ledger.events(acme, Event.AUTHENTICATION_SUCCESS)
    assert (event.actor_id, event.resource_id, event.success) == (
        str(alice.id),
        str(alice.id),
        True,
    )
    assert (await ledger.granted(acme))["acme", "browser_sessions"] == 1


@on_sqlite
@pytest.mark.usefixtures("alice")
async def test_a_person_has_one_name_in_many_spellings(attempt: Attempt) -> None:
    for name in ("alice", "ALICE", " alice ", "Alice@Acme.Example", "\uff21lice", "ali\u0063e"):
        assert signed_in(await attempt(name, PASSWORD)), name


@on_sqlite
async def test_un_02_composed_and_decomposed_letters_are_the_same_name(
    attempt: Attempt, acme: Tenant, password_hash: str
) -> None:
    with use_tenant(acme):
        await users.create(username="Ren\u00e9", password_hash=password_hash)
        with pytest.raises(users.UsernameTaken):
            await users.create(username="RENE\u0301")
    for name in ("ren\u00e9", "rene\u0301", "RENE\u0301", "\uff32en\u00c9"):
        assert signed_in(await attempt(name, PASSWORD)), name


# --- One answer for everything that is wrong ------------------------------------------------------


async def others_of(acme: Tenant, password_hash: str) -> list[str]:
    """People who cannot sign in with this password, each for another reason."""
    with use_tenant(acme):
        disabled = await users.create(username="dora", password_hash=password_hash)
        await users.set_status(disabled.id, UserStatus.DISABLED)
        await users.create(username="fred")  # comes through another provider
        await users.create(username="rose", password_hash="rubbish")
    return ["dora", "fred", "rose", "nobody"]


def told(answer: httpx2.Response, name: str) -> tuple[int, str, list[str]]:
    text = answer.text.replace(name, "NAME")
    text = re.sub(r'name="csrf_token" value="[^"]*"', "", text)
    text = re.sub(r"<time .*?</time>", "", text, flags=re.DOTALL)
    return answer.status_code, text, sorted(answer.headers)


@no_limit_by_address
async def test_lg_09_who_cannot_sign_in_is_not_told_why(
    attempt: Attempt, acme: Tenant, alice: User, password_hash: str, ledger: Ledger
) -> None:
    names = await others_of(acme, password_hash)
    async with ledger.nothing_granted(acme):
        answers = [told(await attempt("alice", WRONG), "alice")]
        answers += [told(await attempt(name, PASSWORD), name) for name in names]
    assert answers[0][0] == 400
    assert all(answer == answers[0] for answer in answers)
    events = await ledger.events(acme, Event.AUTHENTICATION_FAILURE)
    # Of a name that nobody has nothing is written down: it may be a password.
    assert [each.actor_name for each in events] == ["alice", *names[:-1], ""]
    assert WRONG not in str([each.details for each in events])

    # Nor from how the pauses come.
    for name in ("alice", *names):
        paused = [(await attempt(name)).status_code for _ in range(6)]
        assert paused == [400, 400, 400, 400, 429, 429]
    pauses = [told(await attempt(name, PASSWORD), name) for name in ("alice", *names)]
    assert all(pause == pauses[0] for pause in pauses)


@on_sqlite
@no_limit_by_address
async def test_lg_10_every_refusal_takes_the_same_time(
    attempt: Attempt, acme: Tenant, password_hash: str
) -> None:
    rounds = 8
    with use_tenant(acme):
        for number in range(rounds):
            await users.create(username=f"known{number}", password_hash=password_hash)
            await users.create(username=f"federated{number}")
            disabled = await users.create(username=f"disabled{number}", password_hash=password_hash)
            await users.set_status(disabled.id, UserStatus.DISABLED)
    fastest = dict.fromkeys(("known", "federated", "disabled", "unknown"), 60.0)
    for number in range(rounds):
        for kind in fastest:
            # Of our own processor time, whatever else the machine does.
            began = time.process_time()
            await attempt(f"{kind}{number}")
            fastest[kind] = min(fastest[kind], time.process_time() - began)
    assert max(fastest.values()) < 1.5 * min(fastest.values()), fastest


@no_limit_by_address
async def test_lg_10_for_every_refusal_hashes_of_the_same_costs_are_checked(
    attempt: Attempt,
    acme: Tenant,
    alice: User,
    password_hash: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[str | None] = []
    verify = Passwords._verify

    def noted(self: Passwords, stored: str, password: str) -> bool:
        checked.append(password_costs.of(stored))
        return verify(self, stored, password)

    async def costs_of(name: str) -> list[str | None]:
        checked.clear()
        assert (await attempt(name, WRONG)).status_code == 400
        return checked[:]

    monkeypatch.setattr(Passwords, "_verify", noted)
    todays = password_costs.of(password_hash)
    names = ["alice", *await others_of(acme, password_hash)]
    for name in names:
        assert await costs_of(name) == [todays], name
    former = PasswordHasher(time_cost=3, memory_cost=64, parallelism=2).hash(PASSWORD)
    with use_tenant(acme):
        for number in range(2):
            await users.create(username=f"bcrypt{number}", password_hash=BCRYPT)
            await users.create(username=f"argon{number}", password_hash=former)
    every = sorted((todays, "$2b$04$", "$argon2id$v=19$m=64,t=3,p=2$"), key=str)
    for name in (*names, "bcrypt0", "argon0"):
        assert await costs_of(name) == every, name


@on_sqlite
async def test_a_password_that_was_hashed_otherwise_is_hashed_anew_at_the_sign_in(
    attempt: Attempt, acme: Tenant, password_hash: str
) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    dear = PasswordHasher(time_cost=4, memory_cost=32768, parallelism=2).hash(PASSWORD)
    for number, former in enumerate((cheap, dear, password_hash)):
        with use_tenant(acme):
            person = await users.create(username=f"user{number}", password_hash=former)
        for _ in range(2):
            assert signed_in(await attempt(person.username, PASSWORD))
        with use_tenant(acme):
            now = await users.find(person.id)
        assert now is not None
        assert now.password_hash is not None
        assert is_todays(now.password_hash)
        assert (now.password_hash == former) is (former == password_hash)


async def test_everybody_gets_in_who_signs_in_while_their_password_is_hashed_anew(
    attempt: Attempt, acme: Tenant
) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with use_tenant(acme):
        await users.create(username="mira", password_hash=cheap)
    answers = await asyncio.gather(*(attempt("mira", PASSWORD) for _ in range(4)))
    assert all(map(signed_in, answers))


def test_a_hash_of_nobody_is_checked_as_one_of_its_cost(passwords: Passwords) -> None:
    for cost in ("$2b$04$", "$argon2id$v=19$m=64,t=3,p=2$", "$argon2i$m=64,t=1,p=1$"):
        nobody = password_costs.of_nobody(cost)
        assert password_costs.of(nobody) == cost
        assert not passwords._verify(nobody, PASSWORD)
    former = PasswordHasher(time_cost=3, memory_cost=64, parallelism=2)
    assert password_costs.of(former.hash(PASSWORD)) == password_costs.of_hasher(former)
    assert password_costs.of_hasher(passwords_module._HASHER) == password_kinds.TODAYS


@on_sqlite
@pytest.mark.usefixtures("alice")
async def test_lg_11_long_passwords_are_compared_whole_or_refused(
    attempt: Attempt, acme: Tenant, passwords: Passwords, ledger: Ledger
) -> None:
    long = token_hex(36) + "the end that bcrypt would not read"
    with use_tenant(acme):
        await users.create(username="long", password_hash=await passwords.hash(long))
    assert signed_in(await attempt("long", long))
    async with ledger.nothing_granted(acme):
        for wrong in (long[:72], long[:-1], f"{long} ", f"{long}\0", "x" * 1_025, "x" * 60_000):
            answer = await attempt("long", wrong)
            assert answer.status_code == 400
            await login_failures_forgotten(acme, "long")


async def login_failures_forgotten(tenant: Tenant, account: str) -> None:
    with use_tenant(tenant):
        await login_failures.reopen(account)


@on_sqlite
async def test_un_03_a_nul_character_in_a_form_is_refused(
    attempt: Attempt, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    async with ledger.nothing_granted(acme):
        for name, password in (("alice\0", PASSWORD), ("alice", f"{PASSWORD}\0"), ("\0", "\0")):
            assert (await attempt(name, password)).status_code == 400


@on_sqlite
@no_limit_by_address
async def test_un_06_an_overlong_name_is_nobodys_and_never_cut(
    attempt: Attempt, acme: Tenant, password_hash: str, ledger: Ledger
) -> None:
    with use_tenant(acme):
        await users.create(username="a" * 100, password_hash=password_hash)
    async with ledger.nothing_granted(acme):
        for name in ("a" * 101, "a" * 255, "a" * 60_000):
            answer = await attempt(name, PASSWORD)
            assert answer.status_code == 400
        too_large = await attempt("a" * 70_000, PASSWORD)
        assert too_large.status_code == 413


@on_sqlite
@no_limit_by_address
async def test_un_12_what_is_typed_is_shown_as_it_is_and_runs_nowhere(attempt: Attempt) -> None:
    for odd in (
        "'\"><script>alert(1)</script>",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "' OR 1=1 --",
        "%s%n\\",
        "*)(uid=*",
        "\r\nSet-Cookie: a=b",
        "\u202egnp.exe",
    ):
        answer = await attempt(odd)
        assert answer.status_code == 400
        assert "<script>alert" not in answer.text
        assert ">49<" not in answer.text
        assert "a=b" not in str(answer.headers.get_list("set-cookie"))


# --- Guessing -------------------------------------------------------------------------------------


@no_limit_by_address
async def test_lg_09_pauses_do_not_tell_that_a_name_and_an_address_belong_together(
    attempt: Attempt, alice: User
) -> None:
    codes = []
    for name, address in (("alice", alice.email), ("nobody", "nobody@acme.example")):
        tried = [await attempt(name) for _ in range(6)]
        codes.append((tried[-1].status_code, (await attempt(str(address))).status_code))
    assert codes == [(429, 400), (429, 400)]


@no_limit_by_address
async def test_lg_01_after_five_guesses_an_account_has_to_wait(
    server: RunningServer, attempt: Attempt, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    known = Person(server.browser())
    await known.sign_in(acme.issuer, "alice", PASSWORD)
    async with ledger.nothing_granted(acme):
        codes = [(await attempt("alice")).status_code for _ in range(12)]
        assert codes == [400] * 5 + [429] * 7
        paused = await attempt("alice", PASSWORD)
        assert paused.status_code == 429
        assert int(paused.headers["retry-after"]) >= 1
        server.clock.advance(61)
        assert [(await attempt("alice")).status_code for _ in range(3)] == [400, 429, 429]
    failures = await ledger.events(acme, Event.AUTHENTICATION_FAILURE)
    assert [each.details["reason"] for each in failures].count("mismatch") == 6
    assert len(failures) == 16
    # The fifth and the sixth that were looked at each began a pause.
    assert len(await ledger.events(acme, Event.ACCOUNT_LOCKED)) == 2

    # Whoever guesses cannot lock alice out of the browser that she has signed in with before.
    assert signed_in_again(await known.sign_in(acme.issuer, "alice", PASSWORD))
    # And what the thief of that browser may guess is counted as well.
    await known.visit(f"{acme.issuer}/login")
    guesses = []
    for _ in range(7):
        page = await known.submit({"username": "alice", "password": WRONG}, to="/login")
        guesses.append(page.status_code)
    assert guesses == [400] * 5 + [429] * 2


def signed_in_again(page: httpx2.Response) -> bool:
    return page.url.path.endswith("/account/sessions")


@on_sqlite
@no_limit_by_address
async def test_lg_01_whoever_guesses_from_one_network_makes_the_owner_wait_nowhere_else(
    server: RunningServer, attempt: Attempt, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    looked_at = 0
    for _ in range(40):
        looked_at += (await attempt("alice", ip="2001:db8:0:1::1")).status_code == 400
        server.clock.advance(16 * 60)
    assert looked_at == login_failures.AT_ONE_PLACE.last < login_failures.EVERYWHERE.free
    assert signed_in(await attempt("alice", PASSWORD, ip="2001:db8:0:2::1"))
    # The owner has come, and that place is still closed.
    assert (await attempt("alice", PASSWORD, ip="2001:db8:0:1::2")).status_code == 429
    server.clock.advance(86_400)
    assert signed_in(await attempt("alice", PASSWORD, ip="2001:db8:0:1::2"))
    # From many networks it closes everywhere, and says so.
    for number in range(30):
        await attempt("alice", ip=f"198.51.100.{number}")
    assert (await attempt("alice", PASSWORD)).status_code == 429
    reasons = [each.details["reason"] for each in await ledger.events(acme, Event.ACCOUNT_LOCKED)]
    assert reasons[-1] == "25 failures in a row, from everywhere"


async def test_lg_01_a_hundred_guesses_in_a_row_are_all_there_ever_are(
    server: RunningServer, attempt: Attempt, acme: Tenant, alice: User
) -> None:
    known = Person(server.browser())
    await known.sign_in(acme.issuer, "alice", PASSWORD)
    moment, heard = utc_now(), 0
    with use_tenant(acme):
        for number in range(150):
            tries = await login_failures.count_attempt_at("alice", f"network {number}", now=moment)
            heard += tries is not None
            moment += timedelta(hours=1)
    assert 2 * heard == 2 * login_failures.EVERYWHERE.last == 100  # by name and by address
    server.clock.advance(7 * 86_400)
    assert (await attempt("alice", PASSWORD)).status_code == 429
    assert signed_in_again(await known.sign_in(acme.issuer, "alice", PASSWORD))
    await login_failures_forgotten(acme, "alice")  # as an administrator does
    assert signed_in(await attempt("alice", PASSWORD))


@no_limit_by_address
async def test_a_browser_is_known_for_one_person_of_one_tenant(
    server: RunningServer, attempt: Attempt, acme: Tenant, globex: Tenant, alice: User, carol: User
) -> None:
    known = Person(server.browser())
    page = await known.sign_in(acme.issuer, "carol", PASSWORD)
    assert signed_in_again(page)
    mark = known.http.cookies["authgate_known"]
    for name in ("alice", "carol"):
        for _ in range(5):
            await attempt(name)

    async def signs_in(name: str, tenant: Tenant, cookie: str) -> bool:
        person = Person(server.browser())
        person.http.cookies.set(
            "authgate_known", cookie, domain="localhost.local", path=tenant.prefix
        )
        await person.visit(f"{tenant.issuer}/login")
        page = await person.submit({"username": name, "password": PASSWORD}, to="/login")
        return signed_in_again(page)

    assert await signs_in("carol", acme, mark)
    assert not await signs_in("alice", acme, mark)
    for forged in ("x", mark[:-4], f"{mark}AAAA", "A" * 3_000):
        assert not await signs_in("carol", acme, forged)
    # The other tenant has a carol as well, and somebody has been guessing there too.
    with use_tenant(globex):
        await users.create(username="carol", password_hash=carol.password_hash)
        for _ in range(5):
            await login_failures.count_attempt_at("carol", "127.0.0.1", now=utc_now())
    assert not await signs_in("carol", globex, mark)


@no_limit_by_address
async def test_lg_02_of_two_hundred_guesses_at_once_no_more_are_looked_at_than_one_by_one(
    attempt: Attempt, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    async with ledger.nothing_granted(acme):
        answers = await asyncio.gather(
            *(attempt("alice", ip=f"198.51.100.{number}") for number in range(200))
        )
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {400, 429, 503}
    assert 1 <= codes.count(400) <= login_failures.EVERYWHERE.free
    failures = await ledger.events(acme, Event.AUTHENTICATION_FAILURE)
    looked_at = [each for each in failures if each.details["reason"] == "mismatch"]
    assert len(looked_at) == codes.count(400)


async def test_lg_03_one_password_for_many_accounts_is_slowed_down_by_address(
    attempt: Attempt, acme: Tenant, ledger: Ledger
) -> None:
    codes = [(await attempt(f"user{number}")).status_code for number in range(20)]
    assert codes.count(400) == 10
    assert codes.count(429) == 10
    [alarm] = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert (alarm.resource_id, alarm.success) == ("login_per_ip", False)


@on_sqlite
async def test_lg_03_one_password_for_many_accounts_is_slowed_down_from_everywhere(
    server: RunningServer, attempt: Attempt, acme: Tenant, ledger: Ledger
) -> None:
    await limited(server, acme, login_per_tenant="10/min burst 10")
    codes = [
        (await attempt(f"user{number}", ip=f"198.51.100.{number}")).status_code
        for number in range(20)
    ]
    assert (codes.count(400), codes.count(429)) == (10, 10)
    [alarm] = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert alarm.resource_id == "login_per_tenant"


async def limited(server: RunningServer, tenant: Tenant, **limits: str) -> None:
    settings = TenantSettings(login_limits=limits).to_json()
    await change(server, tenant, settings=settings)


@on_sqlite
async def test_lg_04_of_a_list_of_pairs_few_are_tried_and_the_right_ones_look_like_the_others(
    server: RunningServer, attempt: Attempt, acme: Tenant, password_hash: str, ledger: Ledger
) -> None:
    budget, pairs, right = 20, 400, 40
    await limited(server, acme, login_per_tenant=f"{budget}/min burst {budget}")
    with use_tenant(acme):
        for number in range(right):
            await users.create(username=f"real{number}", password_hash=password_hash)
    stuffed = [(f"real{number}", PASSWORD) for number in range(right)]
    stuffed += [(f"leaked{number}", WRONG) for number in range(pairs - right)]
    random.Random(4).shuffle(stuffed)  # noqa: S311  # the same order every time
    began = time.monotonic()
    # Each from an address of its own: no limit by address or by account ever holds.
    answers = [
        await attempt(name, password, ip=f"198.{number // 200}.100.{number % 200}")
        for number, (name, password) in enumerate(stuffed)
    ]
    tried = [answer for answer in answers if answer.status_code != 429]
    assert budget <= len(tried) <= budget + 1 + (time.monotonic() - began) * budget / 60
    refused = [
        told(answer, name)
        for answer, (name, _) in zip(answers, stuffed, strict=True)
        if answer.status_code == 429
    ]
    assert all(each == refused[0] for each in refused), "nothing tells a right pair from a wrong"
    [alarm] = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert (alarm.resource_id, alarm.severity) == ("login_per_tenant", "WARNING")


@on_sqlite
async def test_lg_05_made_up_forwarding_headers_dodge_no_limit(attempt: Attempt) -> None:
    codes = []
    for number in range(14):
        forged = {
            "X-Forwarded-For": f"203.0.113.{number}",
            "X-Real-IP": f"203.0.113.{number}",
            "Forwarded": f"for=203.0.113.{number}",
        }
        codes.append((await attempt(f"user{number}", **forged)).status_code)
    assert codes == [400] * 10 + [429] * 4


@on_sqlite
@no_limit_by_address
@pytest.mark.usefixtures("alice")
async def test_lg_06_spellings_of_a_name_share_one_count(attempt: Attempt) -> None:
    spellings = ("ALICE", "alice ", "\uff41lice", "  AlIcE", "alic\uff45", "alice")
    codes = [(await attempt(name)).status_code for name in spellings]
    assert codes == [400] * 5 + [429]


@on_sqlite
async def test_lg_07_the_addresses_of_one_ipv6_network_share_one_count(attempt: Attempt) -> None:
    codes = [
        (await attempt(f"user{number}", ip=f"2001:db8:0:1::{number:x}")).status_code
        for number in range(14)
    ]
    assert codes == [400] * 10 + [429] * 4
    assert (await attempt("user", ip="2001:db8:0:2::1")).status_code == 400


async def test_lg_08_an_attack_on_one_tenant_slows_no_other_down(
    server: RunningServer, attempt: Attempt, alice: User, globex: Tenant, password_hash: str
) -> None:
    with use_tenant(globex):
        await users.create(username="alice", password_hash=password_hash)
    answers = [await attempt("alice") for _ in range(12)]
    assert answers[-1].status_code == 429
    page = await Person(server.browser()).sign_in(globex.issuer, "alice", PASSWORD)
    assert page.url.path == "/t/globex/account/sessions"


@on_postgres
@no_limit_by_address
async def test_lg_12_a_flood_of_sign_ins_is_turned_away_and_tokens_are_still_given(
    attempt: Attempt, at_acme: Caller, machine: NewClient
) -> None:
    flood = asyncio.gather(*(attempt(f"user{number}") for number in range(150)))
    await asyncio.sleep(0.1)
    basic = (machine.client.client_id, machine.secret or "")
    slowest = 0.0
    for _ in range(10):
        began = time.perf_counter()
        granted = await at_acme.post(
            "/oauth/token", {"grant_type": "client_credentials"}, basic=basic
        )
        slowest = max(slowest, time.perf_counter() - began)
        assert granted.status_code == 200
    codes = [answer.status_code for answer in await flood]
    assert set(codes) == {400, 503}
    assert codes.count(503) > 50
    # Generous: the hundred and fifty who ask share this process with who answers.
    assert slowest < 3.0


@on_sqlite
@no_limit_by_address
async def test_an_attempt_that_was_turned_away_unheard_is_not_counted(
    attempt: Attempt, acme: Tenant, ledger: Ledger
) -> None:
    answers = await asyncio.gather(*(attempt(f"user{number}") for number in range(150)))
    heard = [answer for answer in answers if answer.status_code == 400]
    assert len(heard) < 150
    with use_tenant(acme):
        assert await login_failures.LoginFailure.exclude(place_of=None).count() == len(heard)
    assert len(await ledger.events(acme, Event.AUTHENTICATION_FAILURE)) == len(heard)
