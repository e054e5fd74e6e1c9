"""``authgate user``."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import typer

from authgate import provisioning
from authgate.accounts.passwords import Passwords
from authgate.cli import installed
from authgate.cli.client_options import InTenant
from authgate.cli.output import ONCE, Format, Output, Record, say, show, show_all
from authgate.clock import utc_now
from authgate.storage import users
from authgate.storage.users import User, UserRole

app = typer.Typer()

Username = Annotated[str, typer.Argument(help="Name or address")]
Email = Annotated[str | None, typer.Option(help="Address, taken as verified")]
FullName = Annotated[str, typer.Option("--name", help="Name for people")]
Admin = Annotated[bool, typer.Option("--admin", help="May manage the tenant")]
OwnId = Annotated[
    UUID | None,
    typer.Option("--id", help="Their id, the sub of their tokens; a new one where not given"),
]
Given = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input")
]


@app.command()
def create(
    tenant: InTenant,
    username: Username,
    email: Email = None,
    name: FullName = "",
    admin: Admin = False,
    password_stdin: Given = False,
    user_id: OwnId = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a user. A password that was made up is shown this once."""
    password = _password(given=password_stdin)

    async def created() -> User:
        async with installed.inside(tenant), _hasher() as passwords:
            return await provisioning.add_user(
                passwords,
                username=username,
                password=password,
                email=email,
                name=name,
                role=UserRole.ADMIN if admin else UserRole.USER,
                user_id=user_id,
                actor=installed.operator(),
            )

    user = asyncio.run(created())
    _show(user, None if password_stdin else password, output)


@app.command("list")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's users."""
    show_all(asyncio.run(_all(tenant)), output)


@app.command()
def disable(tenant: InTenant, username: Username) -> None:
    """Sign a user out everywhere, and let them sign in nowhere."""

    async def disabled() -> None:
        async with installed.inside(tenant):
            await provisioning.disable_user(username, now=utc_now(), actor=installed.operator())

    asyncio.run(disabled())
    say(f"✓ {username} is disabled and signed out.")


@app.command()
def sign_out(tenant: InTenant, username: Username) -> None:
    """Sign a user out everywhere, devices and applications included."""

    async def signed_out() -> int:
        async with installed.inside(tenant):
            return await provisioning.sign_out_user(
                username, now=utc_now(), actor=installed.operator()
            )

    ended = asyncio.run(signed_out())
    say(f"✓ {username} is signed out, in {ended} browsers too.")


@app.command()
def enable(tenant: InTenant, username: Username) -> None:
    """Let a disabled user sign in again."""

    async def enabled() -> None:
        async with installed.inside(tenant):
            await provisioning.enable_user(username, actor=installed.operator())

    asyncio.run(enabled())
    say(f"✓ {username} may sign in.")


@app.command()
def reset_password(
    tenant: InTenant,
    username: Username,
    password_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Give a user another password, and sign them out everywhere."""
    password = _password(given=password_stdin)

    async def reset() -> User:
        async with installed.inside(tenant), _hasher() as passwords:
            return await provisioning.reset_password(
                passwords,
                username,
                password=password,
                now=utc_now(),
                actor=installed.operator(),
            )

    user = asyncio.run(reset())
    _show(user, None if password_stdin else password, output)


async def _all(slug: str) -> list[Record]:
    async with installed.inside(slug):
        return [
            {
                "username": user.username,
                "email": user.email,
                "name": user.name,
                "role": user.role.value,
                "status": user.status.value,
                "id": user.id,
            }
            for user in await users.all_users()
        ]


@asynccontextmanager
async def _hasher() -> AsyncIterator[Passwords]:
    passwords = Passwords(threads=1)
    try:
        yield passwords
    finally:
        passwords.close()


def _password(*, given: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if given else provisioning.random_password()


def _show(user: User, password: str | None, output: Format) -> None:
    record = {"id": user.id, "username": user.username}
    show(record | ({"password": password} if password else {}), output)
    if password:
        say(ONCE)
