"""``authgate connection``: ways to sign in with other identity providers."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, NotFound, Unhealthy
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import Format, Output, Record, confirm, say, show, show_all
from authgate.cli.tenant.typed_settings import (
    AskedSetting,
    Renewed,
    Settings,
    Unset,
    asked,
    typed,
)

app = Noun()

_SEALED = "***"
_KINDS = {"number": "whole number", "switch": "true or false"}

Slug = Annotated[str, typer.Argument(help="Its name in addresses: a-z, 0-9 and inner dashes")]
Connector = Annotated[str, typer.Option(help="What it signs in with: authgate connection types")]
Label = Annotated[str, typer.Option(help="Its name for people; the connector's where not given")]
NewLabel = Annotated[str | None, typer.Option("--label", help="Another name for people")]
Position = Annotated[int, typer.Option(help="Its place on the sign-in page, the smallest first")]
NewPosition = Annotated[int | None, typer.Option("--position", help="Another place on the page")]
Newcomers = Annotated[
    str | None,
    typer.Option(
        help="A first sign-in by a stranger: tenant (as its settings say), welcome, refused"
    ),
]
Provisioned = Annotated[
    str | None,
    typer.Option(help="By what people of SCIM are known: nothing, subject, or email"),
]
AllowedDomains = Annotated[
    str | None,
    typer.Option(
        metavar="DOMAINS", help="Whose verified addresses may sign in, with commas; empty: all"
    ),
]
EmailDomains = Annotated[
    str | None,
    typer.Option(
        metavar="DOMAINS", help="Whose addresses lead here on the sign-in page, with commas"
    ),
]
SignInForm = Annotated[
    bool | None,
    typer.Option(help="The sign-in form asks it for names that have no password of the tenant's"),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group", metavar="THEIRS=ID", help="A group there and the id of one here; repeatable"
    ),
]

NoGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--no-group", metavar="THEIRS", help="A group there that is none here any more; repeatable"
    ),
]


@app.verb(example="connection types -t acme")
def types(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the connectors that a tenant may use, with the settings that each needs."""
    with administered(tenant) as api:
        told = api.get("/connection-types")["items"]
    records = [
        {
            "connector": each["name"],
            "plugin": each["plugin"],
            "setting": setting["name"],
            "kind": _KINDS.get(setting["kind"], setting["kind"]),
            "required": setting["required"],
            "meaning": setting["help"],
        }
        for each in told
        for setting in each["settings"]
    ]
    show_all(records, output)


@app.verb(example="connection create -t acme github --connector github --set client_id=abc")
def create(
    slug: Slug,
    connector: Connector,
    tenant: OfTenant = None,
    set_: Settings = None,
    label: Label = "",
    position: Position = 0,
    newcomers: Newcomers = None,
    provisioned: Provisioned = None,
    allowed_domains: AllowedDomains = None,
    email_domains: EmailDomains = None,
    sign_in_form: SignInForm = None,
    group: Groups = None,
    output: Output = Format.TABLE,
) -> None:
    """Set up a way to sign in elsewhere.

    Its secrets are asked for, or read from standard input, a line each in the order of their list.
    """
    with administered(tenant) as api:
        settings = _settings_of(api, connector)
        config = typed(settings, set_ or [])
        secrets = [name for name, each in settings.items() if each.is_secret]
        said = {
            "slug": slug,
            "connector": connector,
            "label": label,
            "position": position,
            "config": config | _entered(connector, settings, secrets),
            "rules": _rules(
                newcomers, provisioned, allowed_domains, email_domains, sign_in_form, group
            ),
        }
        made = api.post("/connections", said)
    show(_summary(made), output)


@app.verb("list", example="connection list -t acme")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List a tenant's connections in the order of its sign-in page."""
    with administered(tenant) as api:
        told = api.get("/connections")["items"]
    show_all([_summary(each) for each in told], output)


@app.verb("show", example="connection show -t acme github")
def show_(slug: Slug, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a connection with its settings; its secrets are not shown again."""
    with administered(tenant) as api:
        found = api.get(within("connections", slug))
        config = _config(api, found)
    rules = found["rules"]
    if output is Format.JSON:
        show({**_summary(found), "config": config, "rules": rules}, output)
    else:
        show({**_summary(found), **config, **rules}, output)


@app.verb(example="connection update -t acme github --set client_id=abc")
def update(
    slug: Slug,
    tenant: OfTenant = None,
    set_: Settings = None,
    unset: Unset = None,
    secret: Renewed = None,
    label: NewLabel = None,
    position: NewPosition = None,
    newcomers: Newcomers = None,
    provisioned: Provisioned = None,
    allowed_domains: AllowedDomains = None,
    email_domains: EmailDomains = None,
    sign_in_form: SignInForm = None,
    group: Groups = None,
    no_group: NoGroups = None,
) -> None:
    """Change a connection; what is not given stays as it is.

    Where a setting becomes another that says where secrets are sent, give the secrets again.
    """
    rules = _rules(
        newcomers, provisioned, allowed_domains, email_domains, sign_in_form, group, no_group
    )
    changed = given({"label": label, "position": position, "rules": rules or None})
    if not (set_ or unset or secret or changed):
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        found = api.get(within("connections", slug))
        if set_ or unset or secret:
            settings = _settings_of(api, found["connector"])
            config = dict.fromkeys(unset or []) | typed(settings, set_ or [])
            changed["config"] = config | _entered(found["connector"], settings, secret or [])
        api.change(within("connections", slug), changed)
    say(f"✓ {slug} is changed.")


@app.verb("test", example="connection test -t acme github")
def try_(slug: Slug, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Look at all that can be told of a connection before anybody signs in.

    For the rest sign in at the address that is shown, as an administrator: it shows what the
    provider says, and signs nobody in.
    """
    with administered(tenant) as api:
        told = api.post(within("connections", slug, "test"))
    if output is Format.JSON:
        show(told, output)
    else:
        show_all(told["steps"], output)
        metadata = f"Metadata: {told['metadata_uri']}\n" if told["metadata_uri"] else ""
        say(f"Redirect URI: {told['redirect_uri']}\n{metadata}Trial sign-in: {told['trial_url']}")
    if not told["passed"]:
        raise Unhealthy(f"{slug} is not set up properly.")


@app.verb(example="connection disable -t acme github")
def disable(slug: Slug, tenant: OfTenant = None) -> None:
    """Offer a connection no longer: nobody signs in through it."""
    _switch(tenant, slug, enabled=False)
    say(f"✓ {slug} is disabled.")


@app.verb(example="connection enable -t acme github")
def enable(slug: Slug, tenant: OfTenant = None) -> None:
    """Offer a connection again."""
    _switch(tenant, slug, enabled=True)
    say(f"✓ {slug} is enabled.")


@app.verb(example="connection delete -t acme github --yes")
def delete(slug: Slug, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Remove a connection. Who signed in through it stays a user, without this way in."""
    if not yes:
        confirm(f"Forget {slug}, its secrets, and who is known by it?")
    with administered(tenant) as api:
        api.delete(within("connections", slug))
    say(f"✓ {slug} is deleted.")


def _switch(tenant: str | None, slug: str, *, enabled: bool) -> None:
    with administered(tenant) as api:
        api.change(within("connections", slug), {"enabled": enabled})


def _settings_of(api: AdminApi, connector: str) -> dict[str, AskedSetting]:
    """What the connector asks for, by name. Raises ``NotFound``."""
    for each in api.get("/connection-types")["items"]:
        if each["name"] == connector:
            return {
                told["name"]: AskedSetting(told["kind"], told["label"], told["default"])
                for told in each["settings"]
            }
    raise NotFound(
        f"No plugin that the tenant has enabled brings {connector!r}: authgate connection types."
    )


def _summary(connection: Mapping[str, Any]) -> Record:
    shown = ("slug", "label", "connector", "enabled", "position", "people")
    return {name: connection[name] for name in shown} | {"callback": connection["redirect_uri"]}


def _config(api: AdminApi, connection: Mapping[str, Any]) -> dict[str, object]:
    """All settings, with those that have their defaults."""
    try:
        settings = _settings_of(api, connection["connector"])
    except NotFound:
        settings = {}  # its plugin is not enabled any more
    default = {name: _SEALED if each.is_secret else each.default for name, each in settings.items()}
    return {**default, **connection["config"]}


def _rules(
    newcomers: str | None,
    provisioned: str | None,
    allowed_domains: str | None,
    email_domains: str | None,
    sign_in_form: bool | None,
    groups: list[str] | None,
    no_groups: list[str] | None = None,
) -> dict[str, object]:
    named: dict[str, str | None] = dict.fromkeys(no_groups or [])
    named |= map(_pair, groups or [])
    return given(
        {
            "newcomers": newcomers,
            "provisioned": provisioned,
            "allowed_domains": _listed(allowed_domains),
            "email_domains": _listed(email_domains),
            "sign_in_form": sign_in_form,
            "groups": named or None,
        }
    )


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [each.strip() for each in text.split(",") if each.strip()]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals:
        raise Misused(f"{text!r} is not KEY=VALUE.")
    return name, value


def _entered(
    connector: str, settings: Mapping[str, AskedSetting], secrets: Collection[str]
) -> dict[str, object]:
    """What is entered for these secrets; one with nothing entered is left out."""
    answers = asked(settings, secrets, of=connector)
    return {name: answer for name, answer in answers.items() if answer}
