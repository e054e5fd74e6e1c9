"""``authgate user``."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered, named_by
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import (
    ONCE,
    Format,
    Output,
    Record,
    ask_secret,
    confirm,
    say,
    show,
    show_all,
)
from authgate.cli.tenant import user_bulk, user_erasures, user_import, user_invitations
from authgate.permissions import UserRole
from authgate.vocabulary import UserStatus

app = Noun()
app.verb("import", example="user import people.csv --dry-run")(user_import.import_)
app.verb(example="user imports")(user_import.imports)
app.verb(example="user import-lines 0199f3a1-c2d4-7b3e-9a5c-6d7e8f907777 --outcome refused")(
    user_import.import_lines
)
app.verb(example="user erase mira --confirm mira")(user_erasures.erase)
app.verb(example="user erasures")(user_erasures.erasures)
app.verb(example="user erasure 01a22b9b-242f-72ca-909d-473febcc52c7 --certificate")(
    user_erasures.erasure
)
app.verb(example="user verify-erasure mira.jwt")(user_erasures.verify_erasure)
app.verb(example="user bulk disable mira jon --yes")(user_bulk.bulk)
app.verb(example="user invite ada@acme.example --role auditor")(user_invitations.invite)
app.verb(example="user invitations --status pending")(user_invitations.invitations)
app.verb(example="user resend-invitation 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd")(
    user_invitations.resend_invitation
)
app.verb(example="user withdraw-invitation 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd")(
    user_invitations.withdraw_invitation
)

Username = Annotated[str, typer.Argument(help="Name or address")]
Email = Annotated[str | None, typer.Option(help="Address, taken as verified")]
NewEmail = Annotated[str | None, typer.Option(help="Another address; empty for none")]
Verified = Annotated[
    bool | None,
    typer.Option("--verified/--unverified", help="Whether the address is known to be theirs"),
]
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
IdentityId = Annotated[UUID, typer.Argument(help="Its id: authgate user identities")]
First = Annotated[bool, typer.Option("--first", help="Also to somebody who has none yet")]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="They sign in otherwise: by a connection, say")
]
SessionId = Annotated[UUID, typer.Argument(help="Id of the session: authgate user sessions")]


@app.verb(example="user create -t acme mira --email mira@acme.example --admin")
def create(
    username: Username,
    *,
    tenant: OfTenant = None,
    email: Email = None,
    name: FullName = "",
    admin: Admin = False,
    role: Role = None,
    password_stdin: Given = False,
    no_password: NoPassword = False,
    user_id: OwnId = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a user. A password that was made up is shown this once."""
    if admin and role is not None:
        raise Misused("--admin is short for --role admin: give one of them.")
    if password_stdin and no_password:
        raise Misused("--password-stdin and --no-password exclude each other.")
    wanted = role or (UserRole.ADMIN if admin else UserRole.USER)
    if user_id is not None:
        _with_id(tenant, username, email, name, wanted, user_id, password_stdin, output)
        return
    said: dict[str, Any] = {"username": username, "name": name, "email": email, "role": wanted}
    said["email_verified"] = email is not None
    said |= _password(password_stdin) if not no_password else {}
    with administered(tenant) as api:
        made = api.post("/users", said)
    _show(_named(made), made["password"], output)


@app.verb("list", example="user list --role admin")
def list_(
    *,
    tenant: OfTenant = None,
    search: Annotated[
        str | None,
        typer.Option(
            help="A part of the name or username, the beginning of the address, or the id"
        ),
    ] = None,
    status: Annotated[UserStatus | None, typer.Option(help="Only these")] = None,
    role: Annotated[UserRole | None, typer.Option(help="Only these")] = None,
    has_password: Annotated[
        bool | None,
        typer.Option(
            "--with-password/--without-password", help="Only who has one of their own, or has none"
        ),
    ] = None,
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
            has_password=None if has_password is None else str(has_password).lower(),
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
    if output is Format.TABLE:
        told["passkeys"] = [each["name"] for each in told["passkeys"]]
        told["remembered_devices"] = [each["device"] for each in told["remembered_devices"]]
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


@app.verb(example="user sign-out mira")
def sign_out(username: Username, tenant: OfTenant = None) -> None:
    """Sign a user out everywhere, devices and applications included."""
    with administered(tenant) as api:
        told = api.post(within("users", people.found(api, username)["id"], "sign-out"))
    say(f"✓ {username} is signed out, in {told['sessions']} browsers too.")


@app.verb(example="user reset-password mira")
def reset_password(
    username: Username,
    tenant: OfTenant = None,
    password_stdin: Given = False,
    first: First = False,
    output: Output = Format.TABLE,
) -> None:
    """Give a user another password, and sign them out everywhere."""
    said = {"first": first} | ({"password": _given()} if password_stdin else {})
    with administered(tenant) as api:
        person = people.found(api, username)
        told = api.post(within("users", person["id"], "reset-password"), said)
    _show(_named(person), told["password"], output)


@app.verb(example="user update mira --email mira@northwind.example --verified")
def update(
    username: Username,
    tenant: OfTenant = None,
    new_name: Annotated[str | None, typer.Option("--username", help="Another username")] = None,
    name: Annotated[str | None, typer.Option(help="Another name for people")] = None,
    email: NewEmail = None,
    verified: Verified = None,
) -> None:
    """Change what is said of a user; what is not given stays."""
    said: dict[str, Any] = given({"username": new_name, "name": name, "email_verified": verified})
    if email is not None:
        said["email"] = email or None
    if not said:
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        api.change(within("users", people.found(api, username)["id"]), said)
    say(f"✓ {new_name or username} is changed.")


@app.verb(example="user delete mira --yes")
def delete(username: Username, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Remove a user for good, with all that acts in their name."""
    if not yes:
        confirm(f"Remove {username} for good?")
    with administered(tenant) as api:
        api.delete(within("users", people.found(api, username)["id"]))
    say(f"✓ {username} is removed.")


@app.verb(example="user identities mira")
def identities(username: Username, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List whom a user is at other identity providers."""
    with administered(tenant) as api:
        told = api.get(within("users", people.found(api, username)["id"], "identities"))
    show_all(told["items"], output)


@app.verb(example="user unlink-identity mira 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ffff")
def unlink_identity(username: Username, identity_id: IdentityId, tenant: OfTenant = None) -> None:
    """Have a user not sign in by an identity at another provider any more."""
    with administered(tenant) as api:
        user_id = people.found(api, username)["id"]
        api.delete(within("users", user_id, "identities", str(identity_id)))
    say(f"✓ {username} signs in by {identity_id} no more.")


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


def _with_id(
    tenant: str | None,
    username: str,
    email: str | None,
    name: str,
    role: UserRole,
    user_id: UUID,
    password_stdin: bool,
    output: Format,
) -> None:
    from authgate.cli.tenant import user_accounts

    slug = named_by(tenant).slug
    if slug is None:
        raise Misused("--id is for this machine's installation: name the tenant by its slug.")
    password = _given() if password_stdin else user_accounts.random_password()
    made = user_accounts.create(
        slug, username, password, email=email, name=name, role=role, user_id=user_id
    )
    _show(made, None if password_stdin else password, output)


def _password(stdin: bool) -> Record:
    return {"password": _given()} if stdin else {"make_password": True}


def _given() -> str:
    return ask_secret("Password")


def _named(person: dict[str, Any]) -> Record:
    return {"id": person["id"], "username": person["username"]}


def _record(person: dict[str, Any]) -> Record:
    names = ("username", "email", "name", "role", "status", "id")
    return {name: person[name] for name in names}


def _show(person: Record, password: str | None, output: Format) -> None:
    show({**person, **({"password": password} if password else {})}, output)
    if password:
        say(ONCE)
