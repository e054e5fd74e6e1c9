"""A person who lets a device act for them, through the pages that AuthGate shows."""

import asyncio
from dataclasses import dataclass

import httpx2

from authgate.cli import headless_browser
from authgate.cli.device_flow import DeviceFlow
from bench.site import Credentials

SCOPE = "openid profile email"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    username: str
    password: str


def access_token(issuer: str, device: Credentials, person: Person) -> str:
    """A token that speaks for *person*. Raises `SignInFailed`."""
    return asyncio.run(_access_token(issuer, device, person))


async def _access_token(issuer: str, device: Credentials, person: Person) -> str:
    async with (
        httpx2.AsyncClient(timeout=_SECONDS) as program,
        httpx2.AsyncClient(timeout=_SECONDS) as browser,
    ):
        flow = DeviceFlow(program, client_id=device.client_id)
        endpoints = await flow.discover(issuer)
        authorization = await flow.begin(endpoints, scope=SCOPE)
        await headless_browser.approve(
            browser, authorization, username=person.username, password=person.password
        )
        return (await flow.approved(endpoints, authorization, wait_first=False)).access_token
