"""``authgate group``: groups of a tenant's people, and the roles that they give."""

from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all

app = Noun()

Name = Annotated[str, typer.Argument(metavar="GROUP", help="The group, by name or id")]
Login = Annotated[str, typer.Argument(help="Who, by name, address or id")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="What its members are to applications; repeatable"),
]
ExternalId = Annotated[
    str | None, typer.Option(help="By what another directory knows it; empty for none")
]
Description = Annotated[str | None, typer.Option(help="What it is for")]


@app.verb(example="group create Staff --role books:read")
def create(
    name: Annotated[str, typer.Argument(metavar="GROUP", help="What people call it")],
    tenant: OfTenant = None,
    role: Roles = None,
    external_id: ExternalId = None,
    description: Description = None,
) -> None:
    """Begin a group, to which nobody belongs yet."""
    said = _said(role, external_id, description) | {"display_name": name}
    with administered(tenant) as api:
        made = api.post("/groups", said)
    say(f"✓ {made['display_name']} is a group now, {made['id']}.")


@app.verb("list", example="group list --search staff")
def list_(
    *,
    tenant: OfTenant = None,
    search: Annotated[
        str | None, typer.Option(help="A part of the name or the description")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only those that this person is in")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List a tenant's groups."""
    with administered(tenant) as api:
        if user is None:
            lists.show_items(api, "/groups", _record, extent, output, search=search)
            return
        if search is not None:
            raise Misused("--search and --user exclude each other.")
        told = api.get(within("users", people.found(api, user)["id"], "groups"))
    show_all([_record(each) for each in told["items"]], output)


@app.verb("show", example="group show Staff")
def show_(group: Name, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a group."""
    with administered(tenant) as api:
        there = found(api, group)
    more = {name: there[name] for name in ("description", "created_at", "updated_at")}
    show({**_record(there), **more}, output)


@app.verb(example="group update Staff --name Crew --role books:read --role books:write")
def update(
    group: Name,
    tenant: OfTenant = None,
    name: Annotated[str | None, typer.Option(help="Another name")] = None,
    role: Roles = None,
    external_id: ExternalId = None,
    description: Description = None,
) -> None:
    """Change a group; what is not given stays. An empty --role takes all of them away."""
    said = _said(role, external_id, description) | given({"display_name": name})
    if not said:
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        api.change(within("groups", found(api, group)["id"]), said)
    say(f"✓ {name or group} is changed.")


@app.verb(example="group delete Staff --yes")
def delete(group: Name, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Remove a group. Its people stay."""
    if not yes:
        confirm(f"Remove the group {group}?")
    with administered(tenant) as api:
        api.delete(within("groups", found(api, group)["id"]))
    say(f"✓ {group} is removed.")


@app.verb(example="group members Staff")
def members(
    *,
    group: Name,
    tenant: OfTenant = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List who belongs to a group."""
    with administered(tenant) as api:
        path = within("groups", found(api, group)["id"], "members")
        lists.show_items(api, path, _member, extent, output)


@app.verb(example="group add-member Staff mira")
def add_member(group: Name, user: Login, tenant: OfTenant = None) -> None:
    """Have a person belong to a group."""
    with administered(tenant) as api:
        path = within("groups", found(api, group)["id"], "members")
        api.post(path, {"user_id": people.found(api, user)["id"]})
    say(f"✓ {user} belongs to {group}.")


@app.verb(example="group remove-member Staff mira")
def remove_member(group: Name, user: Login, tenant: OfTenant = None) -> None:
    """Have a person not belong to a group any more."""
    with administered(tenant) as api:
        path = within("groups", found(api, group)["id"], "members")
        api.delete(f"{path}/{people.found(api, user)['id']}")
    say(f"✓ {user} belongs to {group} no longer.")


def found(api: AdminApi, name: str) -> dict[str, Any]:
    """A group by name or id. Raises ``NotFound``."""
    try:
        return api.get(within("groups", str(UUID(name))))
    except ValueError:
        alike = api.each("/groups", search=name[:100])
    for each in alike:
        if each["display_name"].casefold() == name.casefold():
            return each
    raise NotFound(f"There is no group {name}.")


def _said(
    roles: list[str] | None, external_id: str | None, description: str | None
) -> dict[str, Any]:
    """What was given, as the API names it; an empty text is nothing."""
    said: dict[str, Any] = given({"description": description})
    if roles is not None:
        said["roles"] = [each for each in roles if each]
    if external_id is not None:
        said["external_id"] = external_id or None
    return said


def _record(group: dict[str, Any]) -> Record:
    names = ("display_name", "roles", "members", "external_id", "id")
    return {name: group[name] for name in names}


def _member(person: dict[str, Any]) -> Record:
    return {name: person[name] for name in ("username", "email", "name", "status", "id")}
