"""What clients ask of the machine endpoints, and whether the answers fit the questions."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from authgate_testing.device import GRANT
from authgate_testing.faults.client import Client
from authgate_testing.faults.history import Call, Kind
from authgate_testing.faults.host import Host
from authgate_testing.faults.household import CLERKS_SCOPES, Household


async def machine_token(client: Client, host: Host, household: Household) -> Call:
    """A token for the tenant's machine."""
    form = {"grant_type": "client_credentials"}
    return await _own_token(client, host, household, form, basic=household.machine)


async def clerks_token(client: Client, host: Host, household: Household) -> Call:
    """A token for the program that administers the tenant."""
    form = {"grant_type": "client_credentials", "scope": " ".join(CLERKS_SCOPES)}
    return await _own_token(client, host, household, form, basic=household.clerk)


async def _own_token(
    client: Client,
    host: Host,
    household: Household,
    form: Mapping[str, str],
    *,
    basic: tuple[str, str],
) -> Call:
    call, answer = await client.ask(
        Kind.MACHINE, host, household, "/oauth/token", form=form, basic=basic
    )
    _take_token(call, answer, household, subject=f"client:{basic[0]}")
    return call


async def tokeninfo(client: Client, host: Host, household: Household, token: str) -> Call:
    """What a resource server hears of the machine's token."""
    call, answer = await client.ask(
        Kind.TOKENINFO, host, household, "/oauth/tokeninfo", bearer=token, about=token
    )
    told = _told(call, answer)
    if call.status == 200 and told.get("client_id") != household.machine[0]:
        call.wrong = f"tells of {told.get('client_id')!r}"
    return call


async def userinfo(client: Client, host: Host, household: Household, token: str) -> Call:
    """What an application hears of the person."""
    call, answer = await client.ask(
        Kind.USERINFO, host, household, "/oauth/userinfo", bearer=token, about=token
    )
    told = _told(call, answer)
    if call.status == 200 and told.get("sub") != household.subject:
        call.wrong = f"tells of {told.get('sub')!r}"
    return call


async def keys(client: Client, host: Host, household: Household) -> Call:
    """The tenant's public keys."""
    call, answer = await client.ask(Kind.KEYS, host, household, "/.well-known/jwks.json")
    if call.status == 200 and not _told(call, answer).get("keys"):
        call.wrong = "holds no key"
    return call


async def device_code(
    client: Client, host: Host, household: Household
) -> tuple[Call, dict[str, Any]]:
    """A code for the device, and what it shows."""
    form = {"client_id": household.device, "scope": "openid profile"}
    call, answer = await client.ask(Kind.DEVICE, host, household, "/oauth/device/code", form=form)
    shown = _told(call, answer)
    if call.status == 200:
        call.gave = shown["device_code"]
        if not shown["verification_uri"].startswith(household.issuer):
            call.wrong = f"sends people to {shown['verification_uri']}"
    return call, shown


async def redemption(client: Client, host: Host, household: Household, code: str) -> Call:
    """The token for an approved device code."""
    call, answer = await client.ask(
        Kind.REDEMPTION,
        host,
        household,
        "/oauth/token",
        form=_redeeming(household, code),
        about=code,
    )
    _take_token(call, answer, household, subject=household.subject)
    return call


async def abroad(
    client: Client, host: Host, neighbour: Household, household: Household, *, token: str, code: str
) -> None:
    """Show a tenant's token, secret and device code at another tenant's doors."""
    await client.ask(Kind.ABROAD, host, neighbour, "/oauth/tokeninfo", bearer=token, about=token)
    form = {"grant_type": "client_credentials"}
    await client.ask(
        Kind.ABROAD, host, neighbour, "/oauth/token", form=form, basic=household.machine
    )
    if code:
        form = _redeeming(neighbour, code)
        await client.ask(Kind.ABROAD, host, neighbour, "/oauth/token", form=form, about=code)


def _redeeming(household: Household, code: str) -> dict[str, str]:
    return {"grant_type": GRANT, "client_id": household.device, "device_code": code}


def _take_token(
    call: Call, answer: httpx2.Response | None, household: Household, *, subject: str
) -> None:
    told = _told(call, answer)
    if call.status != 200:
        return
    call.gave = told["access_token"]
    claims = claims_of(call.gave)
    if (claims["iss"], claims["sub"]) != (household.issuer, subject):
        call.wrong = f"a token of {claims['iss']} for {claims['sub']}"


def claims_of(token: str) -> dict[str, Any]:
    """What a token says; who signed it is no question here."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims


def _told(call: Call, answer: httpx2.Response | None) -> dict[str, Any]:
    if answer is None or "json" not in answer.headers.get("content-type", ""):
        return {}
    told: dict[str, Any] = answer.json()
    call.error = str(told.get("error", ""))
    return told
