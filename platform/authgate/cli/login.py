"""``authgate login``: the device flow against any issuer, with a person or without one."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from authgate.cli import headless_browser
from authgate.cli.demo_site import DEVICE_CLIENT, DEVICE_SCOPES, SEEDS, DemoSite
from authgate.cli.device_display import DeviceDisplay
from authgate.cli.device_flow import Authorization, DeviceFlow, Tokens, http_for
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, printable, show

Issuer = Annotated[str | None, typer.Argument(help="Address of the tenant; the demo's if left out")]
Demo = Annotated[bool, typer.Option("--demo", help="Sign in to the demo started in this folder")]
ClientId = Annotated[str | None, typer.Option(help="client_id of a client with the device grant")]
Scope = Annotated[str | None, typer.Option(help="What to ask for, separated by blanks")]
Headless = Annotated[
    bool, typer.Option("--headless", help="Do the browser's part too: sign in, compare, approve")
]
Username = Annotated[str | None, typer.Option(help="Who approves, with --headless")]
Given = Annotated[
    bool, typer.Option("--password-stdin", help="Read their password from standard input")
]

_SCOPE = "openid profile email"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who approves where nobody sits at a browser."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where to sign in, as which client, and who approves; nobody: a person at a browser."""

    issuer: str
    client_id: str
    scope: str
    approver: Credentials | None = None


def login(
    issuer: Issuer = None,
    demo: Demo = False,
    client_id: ClientId = None,
    scope: Scope = None,
    headless: Headless = False,
    username: Username = None,
    password_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Sign in to a tenant by the device flow (RFC 8628), and tell who is signed in."""
    if demo and issuer:
        raise Misused("Either --demo or an issuer, not both.")
    if username and not (headless and password_stdin):
        raise Misused("--username goes with --headless and --password-stdin.")
    approver = Credentials(username, sys.stdin.readline().rstrip("\r\n")) if username else None
    if issuer:
        wanted = _elsewhere(issuer, client_id, scope, approver)
    else:
        wanted = of_demo(client_id=client_id, scope=scope, headless=headless, approver=approver)
    if headless and wanted.approver is None:
        raise Misused("--headless needs --username and --password-stdin here.")
    report(*asyncio.run(signed_in(wanted)), output)


def of_demo(
    *,
    client_id: str | None = None,
    scope: str | None = None,
    headless: bool = False,
    approver: Credentials | None = None,
) -> SignIn:
    """A sign-in to the first tenant of the demo. Raises ``Misused`` where there is no demo."""
    site, slug = DemoSite.remembered(), SEEDS[0].slug
    if site is None:
        raise Misused("Name an issuer, or start a demo in this folder: authgate demo.")
    access = site.tenants[slug]
    return SignIn(
        site.issuer(slug),
        client_id or DEVICE_CLIENT,
        " ".join(DEVICE_SCOPES) if scope is None else scope,
        approver or (Credentials(access.username, access.password) if headless else None),
    )


async def signed_in(wanted: SignIn) -> tuple[Mapping[str, Any], Tokens]:
    """Run the flow to its end; who signed in, and with what. Raises ``SignInFailed``."""
    async with http_for(wanted.issuer) as http:
        flow = DeviceFlow(http, client_id=wanted.client_id)
        endpoints = await flow.discover(wanted.issuer)
        authorization = await flow.begin(endpoints, scope=wanted.scope)
        if wanted.approver is None:
            async with DeviceDisplay(authorization):
                tokens = await flow.approved(endpoints, authorization)
        else:
            await _approve(authorization, wanted.approver)
            tokens = await flow.approved(endpoints, authorization, wait_first=False)
        return await flow.userinfo(endpoints, tokens), tokens


def report(person: Mapping[str, Any], tokens: Tokens, output: Format) -> None:
    """Print who is signed in."""
    if output is Format.JSON:
        show({"user": person, "scope": tokens.scope}, output)
        return
    name = person.get("preferred_username") or person.get("email") or person["sub"]
    sys.stdout.write(printable(f"✓ Signed in as {name} ({tokens.scope})") + "\n")


def _elsewhere(
    issuer: str, client_id: str | None, scope: str | None, approver: Credentials | None
) -> SignIn:
    if urlsplit(issuer).scheme not in ("http", "https") or not urlsplit(issuer).hostname:
        raise Misused(f"{issuer!r} is not an address such as https://example.com/t/acme.")
    if client_id is None:
        raise Misused("Say with --client-id which client signs in.")
    return SignIn(issuer, client_id, _SCOPE if scope is None else scope, approver)


async def _approve(authorization: Authorization, approver: Credentials) -> None:
    async with http_for(authorization.verification_uri) as browser:
        await headless_browser.approve(
            browser, authorization, username=approver.username, password=approver.password
        )
