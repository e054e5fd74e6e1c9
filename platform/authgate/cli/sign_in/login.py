"""``authgate login``: the device flow against any issuer, with a person or without one."""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from authgate.cli import web_client
from authgate.cli.demo.site import DEVICE_CLIENT, DEVICE_SCOPES, SEEDS, DemoSite
from authgate.cli.doors.apis import ADMIN, OPERATOR, WhichApi
from authgate.cli.doors.bearers import SCOPES
from authgate.cli.failures import Misused, NotAllowed
from authgate.cli.output import Format, Output, ask_secret, printable, say, show
from authgate.cli.sign_in import headless_browser, proofs, sign_ins
from authgate.cli.sign_in.device_display import DeviceDisplay
from authgate.cli.sign_in.device_flow import (
    Authorization,
    DeviceFlow,
    Endpoints,
    Tokens,
    UnknownClient,
    http_for,
)
from authgate.cli.sign_in.proofs import Prover

Issuer = Annotated[str | None, typer.Argument(help="Address of the tenant; the demo's if left out")]
SameIssuer = Annotated[str | None, typer.Option("--issuer", help="The same, as an option")]
Demo = Annotated[bool, typer.Option("--demo", help="Sign in to the demo started in this folder")]
ClientId = Annotated[
    str | None,
    typer.Option(help="client_id of a client with the device grant; authgate-cli if left out"),
]
Scope = Annotated[str | None, typer.Option(help="What to ask for, separated by blanks")]
ByKey = Annotated[
    bool,
    typer.Option(
        "--key",
        help="The client proves itself by this machine's key, and tokens are bound to it"
        " (private_key_jwt, DPoP); authgate public-key makes it",
    ),
]
AsOperator = Annotated[
    bool,
    typer.Option(
        "--operator", help="To operate the installation: the issuer is the operators' tenant's"
    ),
]
Headless = Annotated[
    bool, typer.Option("--headless", help="Do the browser's part too: sign in, compare, approve")
]
Username = Annotated[str | None, typer.Option(help="Who approves, with --headless")]
Given = Annotated[
    bool, typer.Option("--password-stdin", help="Read their password from standard input")
]

CLIENT = "authgate-cli"
"""As which client people sign in who do not say."""

_OF_PEOPLE = ("openid", "profile", "email", "offline_access")

SCOPE = " ".join((*_OF_PEOPLE, *SCOPES))
"""What is asked for: to administer the tenant. Of this a client gets what it is registered for."""

OPERATOR_SCOPE = " ".join((*_OF_PEOPLE, *OPERATOR.scopes))
"""The same, to operate the installation: no token is for both."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who approves where nobody sits at a browser."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to sign in, as which client, and who approves; nobody: a person at a browser."""

    issuer: str
    client_id: str
    scope: str
    approver: Credentials | None = None
    prover: Prover | None = None
    """By what the client proves itself, where it is not public."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in, where, and what their approval is worth."""

    person: Mapping[str, Any]
    tokens: Tokens
    endpoints: Endpoints

    @property
    def name(self) -> str:
        """Theirs, as they know it."""
        told = self.person
        return str(told.get("preferred_username") or told.get("email") or told["sub"])


def login(
    issuer: Issuer = None,
    same_issuer: SameIssuer = None,
    demo: Demo = False,
    client_id: ClientId = None,
    scope: Scope = None,
    operator: AsOperator = False,
    key: ByKey = False,
    headless: Headless = False,
    username: Username = None,
    password_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Sign in to a tenant by the device flow (RFC 8628), and tell who is signed in.

    Commands go to that tenant from then on. Its client needs the device grant, refresh tokens and
    the scopes of the admin API that are wanted.
    """
    issuer = _named(issuer, same_issuer, demo=demo, by_key=key)
    if operator and not issuer:
        raise Misused("--operator goes with an issuer.")
    if username and not (headless and password_stdin):
        raise Misused("--username goes with --headless and --password-stdin.")
    approver = Credentials(username, ask_secret("Password")) if username else None
    if issuer:
        asked = (OPERATOR_SCOPE if operator else SCOPE) if scope is None else scope
        wanted = _elsewhere(issuer, client_id, asked, approver, by_key=key)
    else:
        wanted = of_demo(client_id=client_id, scope=scope, headless=headless, approver=approver)
    if headless and wanted.approver is None:
        raise Misused("--headless needs --username and --password-stdin here.")
    who = _run(wanted)
    if issuer:
        _keep(wanted.client_id, who, OPERATOR if operator else ADMIN, by_key=key)
    report(who, output)
    if issuer:
        say("Commands go there from now on: authgate whoami, authgate logout.")


def _named(issuer: str | None, same: str | None, *, demo: bool, by_key: bool) -> str | None:
    """The issuer that was named; ``None`` for the demo's. Raises ``Misused``."""
    if issuer and same:
        raise Misused("Name the issuer once.")
    found = issuer or same
    if demo and found:
        raise Misused("Either --demo or an issuer, not both.")
    if by_key and not found:
        raise Misused("--key goes with an issuer.")
    return found


def _run(wanted: Wanted) -> SignedIn:
    try:
        return asyncio.run(signed_in(wanted))
    except UnknownClient as error:
        raise NotAllowed(f"{error}. {_fit_client(wanted)}") from error


def _fit_client(wanted: Wanted) -> str:
    if wanted.prover is None:
        return (
            f"{wanted.client_id} has to be a client of the tenant, public and with the device"
            " grant: authgate client create --public, or the console. One with a key: --key."
        )
    return (
        f"{wanted.client_id} has to be a client of the tenant with the device grant, and have this"
        f" machine's key: authgate public-key {wanted.issuer}."
    )


def of_demo(
    *,
    client_id: str | None = None,
    scope: str | None = None,
    headless: bool = False,
    approver: Credentials | None = None,
) -> Wanted:
    """A sign-in to the first tenant of the demo. Raises ``Misused`` where there is no demo."""
    site, slug = DemoSite.remembered(), SEEDS[0].slug
    if site is None:
        raise Misused("Name an issuer, or start a demo in this folder: authgate demo.")
    access = site.tenants[slug]
    return Wanted(
        site.issuer(slug),
        client_id or DEVICE_CLIENT,
        " ".join(DEVICE_SCOPES) if scope is None else scope,
        approver or (Credentials(access.username, access.password) if headless else None),
    )


async def signed_in(wanted: Wanted) -> SignedIn:
    """Run the flow to its end; who signed in, and with what. Raises ``SignInFailed``."""
    async with http_for(wanted.issuer) as http:
        flow = DeviceFlow(http, client_id=wanted.client_id, prover=wanted.prover)
        endpoints = _trusted(await flow.discover(wanted.issuer))
        authorization = await flow.begin(endpoints, scope=wanted.scope)
        if wanted.approver is None:
            async with DeviceDisplay(authorization):
                tokens = await flow.approved(endpoints, authorization)
        else:
            await _approve(authorization, wanted.approver)
            tokens = await flow.approved(endpoints, authorization)
        return SignedIn(await flow.userinfo(endpoints, tokens), tokens, endpoints)


def _trusted(endpoints: Endpoints) -> Endpoints:
    """Those of an issuer that may be told a code and a token. Raises ``Misused``."""
    told = (endpoints.device_authorization, endpoints.token, endpoints.userinfo)
    for each in (*told, *filter(None, [endpoints.revocation])):
        web_client.checked(each)
    return endpoints


def report(who: SignedIn, output: Format) -> None:
    """Print who is signed in."""
    if output is Format.JSON:
        show({"user": who.person, "scope": who.tokens.scope}, output)
    else:
        sys.stdout.write(printable(f"✓ Signed in as {who.name} ({who.tokens.scope})") + "\n")


def _elsewhere(
    issuer: str,
    client_id: str | None,
    scope: str,
    approver: Credentials | None,
    *,
    by_key: bool,
) -> Wanted:
    issuer = web_client.checked(issuer)
    prover = proofs.by_kept_key(sign_ins.remembered(), issuer) if by_key else None
    return Wanted(issuer, client_id or CLIENT, scope, approver, prover)


def _keep(client_id: str, who: SignedIn, api: WhichApi, *, by_key: bool) -> None:
    tokens, endpoints = who.tokens, who.endpoints
    sign_in = sign_ins.SignIn(
        issuer=endpoints.issuer,
        client_id=client_id,
        name=who.name,
        scope=tokens.scope,
        access_token=tokens.access_token,
        expires_at=time.time() + tokens.expires_in,
        refresh_token=tokens.refresh_token,
        token_endpoint=endpoints.token,
        revocation_endpoint=endpoints.revocation,
        by_key=by_key,
        api=api.base,
    )
    with sign_ins.changing() as all_of_them:
        all_of_them.keep(sign_in)
        all_of_them.go_to(sign_in)


async def _approve(authorization: Authorization, approver: Credentials) -> None:
    async with http_for(authorization.verification_uri) as browser:
        await headless_browser.approve(
            browser, authorization, username=approver.username, password=approver.password
        )
