"""``authgate user``."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.options import InTenant
from authgate.cli.output import ONCE, Format, Output, Record, ask_secret, say, show, show_all
from authgate.permissions import UserRole
from authgate.vocabulary import InvitationStatus, UserStatus

app = Noun()

Username = Annotated[str, typer.Argument(help="Name or address")]
Email = Annotated[str | None, typer.Option(help="Address, taken as verified")]
FullName = Annotated[str, typer.Option("--name", help="Name for people")]
Admin = Annotated[
    bool,
    typer.Option("--admin", help="May manage the tenant; the first one who may owns it"),
]
Role = Annotated[UserRole | None, typer.Option(help="What they are at the tenant; else a user")]
NewRole = Annotated[UserRole, typer.Argument(help="What they are to be at the tenant")]
OwnId = Annotated[
    UUID | None,
    typer.Option("--id", help="Their id, the sub of their tokens; a new one where not given"),
]
Given = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input")
]
InvitationId = Annotated[UUID, typer.Argument(help="Its id: authgate user invitations")]
SessionId = Annotated[UUID, typer.Argument(help="Id of the session: authgate user sessions")]


@app.verb(example="user create -t acme mira --email mira@acme.example --admin")
def create(
    username: Username,
    *,
    tenant: InTenant,
    email: Email = None,
    name: FullName = "",
    admin: Admin = False,
    role: Role = None,
    password_stdin: Given = False,
    user_id: OwnId = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a user. A password that was made up is shown this once."""
    from authgate.cli.tenant import user_accounts

    if admin and role is not None:
        raise Misused("--admin is short for --role admin: give one of them.")
    wanted = role or (UserRole.ADMIN if admin else UserRole.USER)

    password = _given() if password_stdin else user_accounts.random_password()
    made = user_accounts.create(
        tenant, username, password, email=email, name=name, role=wanted, user_id=user_id
    )
    _show(made, None if password_stdin else password, output)


@app.verb("list", example="user list --role admin")
def list_(
    *,
    tenant: OfTenant = None,
    search: Annotated[
        str | None,
        typer.Option(help="A part of the name or username, or the beginning of the address"),
    ] = None,
    status: Annotated[UserStatus | None, typer.Option(help="Only these")] = None,
    role: Annotated[UserRole | None, typer.Option(help="Only these")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List a tenant's users."""
    with administered(tenant) as api:
        lists.show_items(
            api,
            "/users",
            _record,
            extent,
            output,
            search=search,
            status=status,
            role=role,
        )


@app.verb("show", example="user show mira")
def show_(username: Username, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a user."""
    with administered(tenant) as api:
        person = people.found(api, username)
    times = {name: person[name] for name in ("email_verified", "created_at", "updated_at")}
    show({**_record(person), **times}, output)


@app.verb(example="user sessions mira")
def sessions(username: Username, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the browsers that a user is signed in with."""
    with administered(tenant) as api:
        told = api.get(within("users", people.found(api, username)["id"], "sessions"))
    show_all(told["items"], output)


@app.verb(example="user end-session mira 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ef01")
def end_session(username: Username, session_id: SessionId, tenant: OfTenant = None) -> None:
    """Sign a user out of one browser."""
    with administered(tenant) as api:
        user_id = people.found(api, username)["id"]
        api.delete(within("users", user_id, "sessions", str(session_id)))
    say(f"✓ {username} is signed out of {session_id}.")


@app.verb(example="user invite ada@acme.example --role auditor")
def invite(
    email: Annotated[str, typer.Argument(help="Address that the link is sent to")],
    role: Annotated[UserRole, typer.Option(help="What they are to be")] = UserRole.USER,
    tenant: OfTenant = None,
) -> None:
    """Invite somebody by a mail with a link; what waits for this address is replaced."""
    with administered(tenant) as api:
        made = api.post("/invitations", {"email": email, "role": role})
    say(f"✓ {made['email']} is invited as {made['role']}.")


@app.verb(example="user invitations --status pending")
def invitations(
    *,
    tenant: OfTenant = None,
    status: Annotated[InvitationStatus | None, typer.Option(help="Only these")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List invitations, and what became of them."""
    with administered(tenant) as api:
        lists.show_items(api, "/invitations", _invitation, extent, output, status=status)


@app.verb(example="user resend-invitation 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd")
def resend_invitation(invitation_id: InvitationId, tenant: OfTenant = None) -> None:
    """Send another link for an invitation that waits; the former is good for nothing more."""
    with administered(tenant) as api:
        made = api.post(within("invitations", str(invitation_id), "resend"))
    say(f"✓ {made['email']} is sent another link.")


@app.verb(example="user withdraw-invitation 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd")
def withdraw_invitation(invitation_id: InvitationId, tenant: OfTenant = None) -> None:
    """Take an invitation back that waits."""
    with administered(tenant) as api:
        api.delete(within("invitations", str(invitation_id)))
    say("✓ The invitation is taken back.")


@app.verb(example="user disable mira")
def disable(username: Username, tenant: OfTenant = None) -> None:
    """Sign a user out everywhere, and let them sign in nowhere."""
    with administered(tenant) as api:
        api.post(within("users", people.found(api, username)["id"], "disable"))
    say(f"✓ {username} is disabled and signed out.")


@app.verb(example="user enable mira")
def enable(username: Username, tenant: OfTenant = None) -> None:
    """Let a disabled user sign in again."""
    with administered(tenant) as api:
        api.post(within("users", people.found(api, username)["id"], "enable"))
    say(f"✓ {username} may sign in.")


@app.verb("second-factors", example="user second-factors mira")
def second_factors(
    username: Username, tenant: OfTenant = None, output: Output = Format.TABLE
) -> None:
    """Show which second factors a user has."""
    with administered(tenant) as api:
        told = api.get(within("users", people.found(api, username)["id"], "second-factors"))
    show(told, output)


@app.verb("reset-second-factors", example="user reset-second-factors mira")
def reset_second_factors(username: Username, tenant: OfTenant = None) -> None:
    """Take all second factors from a user who has lost theirs, and sign them out everywhere."""
    with administered(tenant) as api:
        api.delete(within("users", people.found(api, username)["id"], "second-factors"))
    say(f"✓ {username} has no second factor any more, and is signed out.")


@app.verb(example="user set-role mira auditor")
def set_role(username: Username, role: NewRole, tenant: OfTenant = None) -> None:
    """Give a user another role at the tenant, in force at once."""
    with administered(tenant) as api:
        user_id = people.found(api, username)["id"]
        api.post(within("users", user_id, "role"), {"role": role})
    say(f"✓ {username} is {role.replace('_', ' ')} now.")


@app.verb(example="user roles")
def roles(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List what each role may do."""
    with administered(tenant) as api:
        told = api.get("/roles")["items"]
    show_all(told if output is Format.JSON else list(_by_area(told)), output)


@app.verb(example="user sign-out -t acme mira")
def sign_out(username: Username, tenant: InTenant) -> None:
    """Sign a user out everywhere, devices and applications included."""
    from authgate.cli.tenant import user_accounts

    ended = user_accounts.sign_out(tenant, username)
    say(f"✓ {username} is signed out, in {ended} browsers too.")


@app.verb(example="user reset-password -t acme mira")
def reset_password(
    username: Username,
    tenant: InTenant,
    password_stdin: Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Give a user another password, and sign them out everywhere."""
    from authgate.cli.tenant import user_accounts

    password = _given() if password_stdin else user_accounts.random_password()
    person = user_accounts.reset_password(tenant, username, password)
    _show(person, None if password_stdin else password, output)


def _by_area(roles: list[dict[str, Any]]) -> Iterator[Record]:
    """A line for each area: how far each role gets there."""
    allowed = {each["role"]: each["permissions"] for each in roles}
    everything = sorted({text for texts in allowed.values() for text in texts})
    for area in dict.fromkeys(text.partition(":")[0] for text in everything):
        far = {
            role: next((how for how in ("write", "read") if f"{area}:{how}" in texts), "")
            for role, texts in allowed.items()
        }
        yield {"area": area, **far}


def _given() -> str:
    return ask_secret("Password")


def _record(person: dict[str, Any]) -> Record:
    names = ("username", "email", "name", "role", "status", "id")
    return {name: person[name] for name in names}


def _show(person: Record, password: str | None, output: Format) -> None:
    show({**person, **({"password": password} if password else {})}, output)
    if password:
        say(ONCE)


def _invitation(told: dict[str, Any]) -> Record:
    names = ("email", "role", "status", "invited_by", "ends_at", "id")
    return {name: told[name] for name in names}
