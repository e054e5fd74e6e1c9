"""``authgate webhook``: where a tenant has events sent, and what became of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Failure, Misused, NotFound
from authgate.cli.moments import moment
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import ONCE, Format, Output, Record, confirm, say, show, show_all

app = Noun()

Name = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook, by name or id")]
DeliveryId = Annotated[UUID, typer.Argument(metavar="DELIVERY", help="Its id")]
Url = Annotated[str | None, typer.Option(help="Where events go: an https address")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="A type of event, such as CLIENT_CREATED; repeatable"),
]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="An area of the log, such as people; repeatable"),
]
Lives = Annotated[
    list[str] | None,
    typer.Option("--lifecycle", help="What came, changed or went, as user.created; repeatable"),
]
Description = Annotated[str | None, typer.Option(help="What it is for")]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="Whether anything is sent there")
]

_EXAMPLE = "0199f3a1-c2d4-7b3e-9a5c-6d7e8f902222"


@app.verb(example="webhook create billing --url https://hooks.example.com/a --area people")
def create(
    name: Annotated[str, typer.Argument(metavar="WEBHOOK", help="What people call it")],
    url: Annotated[str, typer.Option(help="Where events go: an https address")],
    tenant: OfTenant = None,
    event_type: Types = None,
    area: Areas = None,
    lifecycle: Lives = None,
    description: Description = None,
    enabled: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Have events sent to an address, signed with a secret that is shown this once.

    Everything is sent where no --type, --area or --lifecycle is given.
    """
    said = _said(event_type, area, lifecycle) | given(
        {"description": description, "enabled": enabled}
    )
    with administered(tenant) as api:
        made = api.post("/webhooks", {"name": name, "url": url} | said)
    show({**_record(made), "secret": made["secret"]}, output)
    say(ONCE)


@app.verb("list", example="webhook list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List where events are sent, and how it is with each."""
    with administered(tenant) as api:
        show_all([_record(each) for each in api.get("/webhooks")["items"]], output)


@app.verb("show", example="webhook show billing")
def show_(webhook: Name, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a webhook, without its secrets."""
    with administered(tenant) as api:
        there = found(api, webhook)
    show({**there, "secrets": [each["id"] for each in there["secrets"]]}, output)


@app.verb(example="webhook update billing --lifecycle user.created --area clients")
def update(
    webhook: Name,
    tenant: OfTenant = None,
    name: Annotated[str | None, typer.Option(help="Another name")] = None,
    url: Url = None,
    event_type: Types = None,
    area: Areas = None,
    lifecycle: Lives = None,
    description: Description = None,
    enabled: Enabled = None,
) -> None:
    """Change a webhook; what is not given stays. An empty --type, --area or --lifecycle takes all
    of them away."""
    said = _said(event_type, area, lifecycle) | given(
        {"name": name, "url": url, "description": description, "enabled": enabled}
    )
    if not said:
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        api.change(_place(api, webhook), said)
    say(f"✓ {name or webhook} is changed.")


@app.verb(example="webhook delete billing --yes")
def delete(webhook: Name, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Have nothing sent there any more, and forget what was."""
    if not yes:
        confirm(f"Remove the webhook {webhook}?")
    with administered(tenant) as api:
        api.delete(_place(api, webhook))
    say(f"✓ {webhook} is sent nothing any more.")


@app.verb(example="webhook secrets billing")
def secrets(webhook: Name, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List what signs, without the secrets themselves."""
    with administered(tenant) as api:
        show_all(api.get(f"{_place(api, webhook)}/secrets")["items"], output)


@app.verb(example="webhook add-secret billing --overlap-hours 48")
def add_secret(
    webhook: Name,
    tenant: OfTenant = None,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="For so long the former ones sign as well")
    ] = 24,
    output: Output = Format.TABLE,
) -> None:
    """Sign with one secret more, which is shown this once."""
    with administered(tenant) as api:
        made = api.post(f"{_place(api, webhook)}/secrets", {"overlap_hours": overlap_hours})
    show({"webhook": made["name"], "secret": made["secret"]}, output)
    say(ONCE)


@app.verb(example=f"webhook delete-secret billing {_EXAMPLE}")
def delete_secret(
    webhook: Name,
    secret: Annotated[UUID, typer.Argument(help="Its id: authgate webhook secrets")],
    tenant: OfTenant = None,
) -> None:
    """Sign no more with a secret."""
    with administered(tenant) as api:
        api.delete(_place(api, webhook) + within("secrets", str(secret)))
    say("✓ It signs no more.")


@app.verb("test", example="webhook test billing")
def try_out(webhook: Name, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Send a test event, and tell what came of it step by step."""
    with administered(tenant) as api:
        tested = api.post(f"{_place(api, webhook)}/test")
    show_all(tested["steps"], output)
    if not tested["passed"]:
        raise Failure("The test event was not taken.")


@app.verb(example="webhook resume billing")
def resume(webhook: Name, tenant: OfTenant = None) -> None:
    """Go on with a webhook that was left alone since it took nothing for days."""
    with administered(tenant) as api:
        api.post(f"{_place(api, webhook)}/resume")
    say(f"✓ {webhook} is sent events again.")


@app.verb(example="webhook deliveries billing --status failed")
def deliveries(
    *,
    webhook: Name,
    tenant: OfTenant = None,
    status: Annotated[
        str | None, typer.Option(help="Only those that are pending, delivered or failed")
    ] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Only of this type")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List what was sent to a webhook, and what became of it."""
    with administered(tenant) as api:
        path = f"{_place(api, webhook)}/deliveries"
        lists.show_items(api, path, _line, extent, output, status=status, event_type=event_type)


@app.verb(example=f"webhook delivery billing {_EXAMPLE}")
def delivery(
    webhook: Name, delivery_id: DeliveryId, tenant: OfTenant = None, output: Output = Format.TABLE
) -> None:
    """Show what is sent, and what was answered."""
    with administered(tenant) as api:
        show(api.get(_place(api, webhook) + within("deliveries", str(delivery_id))), output)


@app.verb(example="webhook replay billing --since 24h")
def replay(
    webhook: Name,
    delivery_id: Annotated[
        UUID | None, typer.Argument(metavar="DELIVERY", help="Only this one, whatever became of it")
    ] = None,
    tenant: OfTenant = None,
    since: Annotated[
        str | None, typer.Option(help="All that were given up since: 24h, 7d, 2026-03-01")
    ] = None,
) -> None:
    """Send one once more, or all that were given up since a moment."""
    if (delivery_id is None) is (since is None):
        raise Misused("Say which delivery, or --since.")
    with administered(tenant) as api:
        place = _place(api, webhook)
        if delivery_id is not None:
            api.post(f"{place}{within('deliveries', str(delivery_id))}/replay")
            say("✓ It is sent once more.")
            return
        count = api.post(f"{place}/replay", {"since": _moment(since or "")})["deliveries"]
    say(f"✓ {count} are sent once more.")


def found(api: AdminApi, name: str) -> dict[str, Any]:
    """A webhook by name or id. Raises ``NotFound``."""
    for each in api.get("/webhooks")["items"]:
        if name in (each["name"], each["id"]):
            return dict(each)
    raise NotFound(f"There is no webhook {name}.")


def _place(api: AdminApi, name: str) -> str:
    return within("webhooks", found(api, name)["id"])


def _moment(said: str) -> str:
    when: datetime = moment(said)
    return when.isoformat()


def _said(
    types: list[str] | None, areas: list[str] | None, lives: list[str] | None
) -> dict[str, Any]:
    """What was given, as the API names it; an empty text is nothing."""
    said = given({"event_types": types, "areas": areas, "lifecycles": lives})
    return {name: [each for each in names if each] for name, names in said.items()}


def _record(webhook: dict[str, Any]) -> Record:
    names = ("name", "state", "url", "event_types", "areas", "lifecycles", "id")
    return {name: webhook[name] for name in names}


def _line(delivery: dict[str, Any]) -> Record:
    names = ("id", "event_type", "occurred_at", "status", "attempts", "last_status", "last_error")
    return {name: delivery[name] for name in names}
