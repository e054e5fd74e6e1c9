"""Which passwords nobody may choose (NIST SP 800-63B-4 section 3.1.1.2)."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace

import pytest

from authgate.accounts import breaches
from authgate.accounts.breaches import Breaches
from authgate.accounts.password_rules import is_easily_guessed
from authgate.accounts.passwords import BadPassword, Passwords
from authgate.plugin_api import HttpFailure, HttpResponse, NoHttp
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.tenants import ACME

GOOD = "violet harbour ticks nine"
ABOUT = ("mira.halvorsen", "mira@northwind.example", "Mira Halvorsen", "Northwind")


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "123456789012345",
        "aaaaaaaaaaaaaaaa",
        "qwertyuiopasdfgh",
        "abcabcabcabcabcabc",
        "Password123456!",
        "northwind-northwind",
        "mirahalvorsenmira",
        "northwind.example",
        "HalvorsenHalvorsen",
        "iloveyouiloveyou",
        "Mira.Halvorsen-Northwind",
    ],
)
def test_what_is_common_repeats_itself_or_is_given_away_by_the_account_is_refused(
    password: str,
) -> None:
    assert is_easily_guessed(password, ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct-horse-battery-staple",
        "f7Kq2x9LmP4vT8z",
        "我的電腦在窗邊唱一首老歌吧好嗎",
        "x" * 3 + GOOD * 30,
    ],
)
def test_no_rule_asks_for_anything_else(password: str) -> None:
    assert not is_easily_guessed(password, ABOUT)


class Elsewhere(NoHttp):
    """A server that knows stolen passwords, or does not answer."""

    def __init__(self, body: str = "", status: int = 200, failure: Exception | None = None) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self._answer = HttpResponse(status, {}, body.encode())
        self._failure = failure

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        self.asked.append((url, headers or {}))
        if self._failure:
            raise self._failure
        return self._answer


DIGEST = hashlib.sha1(GOOD.encode()).hexdigest().upper()  # noqa: S324  # as those servers list it
URL = "https://stolen.example/range/"
LISTED = f"{'0' * 35}:4\r\n{DIGEST[5:]}:17\r\n"
PADDED = f"{'0' * 35}:4\r\n{DIGEST[5:]}:0\r\n"
WANTS_IT = replace(ACME, settings=TenantSettings(breached_password_check=True))


async def takes(elsewhere: Elsewhere, tenant: Tenant = WANTS_IT) -> bool:
    passwords = Passwords(threads=1, breaches=Breaches(elsewhere, url=URL))
    try:
        with use_tenant(tenant):
            await passwords.hash(GOOD)
    except BadPassword:
        return False
    else:
        return True
    finally:
        passwords.close()


async def test_lg_04_a_stolen_password_is_refused_and_nobody_is_told_which_it_is() -> None:
    elsewhere = Elsewhere(LISTED)
    assert not await takes(elsewhere)
    assert elsewhere.asked == [(f"{URL}{DIGEST[:5]}", {"add-padding": "true"})]
    assert await takes(Elsewhere(PADDED)), "what pads the answer was stolen nowhere"
    assert await takes(Elsewhere("nonsense\r\n\r\n:::\r\n"))


class Silent(Elsewhere):
    """One that takes the question and says nothing."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        await asyncio.Event().wait()
        raise AssertionError(url)


async def test_nobody_waits_long_for_an_answer_and_the_password_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breaches, "SECONDS", 0.01)
    async with asyncio.timeout(5):
        assert await takes(Silent())


async def test_where_nobody_answers_or_the_tenant_does_not_want_it_the_password_is_taken() -> None:
    for silent in (
        Elsewhere(LISTED, status=503),
        Elsewhere(failure=HttpFailure("too large")),
        Elsewhere(failure=TimeoutError()),
    ):
        assert await takes(silent)
    unasked = Elsewhere(LISTED)
    assert await takes(unasked, ACME)
    assert unasked.asked == []
