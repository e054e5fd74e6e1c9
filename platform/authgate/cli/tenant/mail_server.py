"""``authgate mail-server``: the server that a tenant has its mail sent by."""

from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Failure, Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import Format, Output, ask_secret, confirm, say, show, show_all
from authgate.vocabulary import MailSecurity

app = Noun()

_HERE = "/mail-server"
_KEPT = ("plugin", "host", "port", "security", "username", "sender")
_OF_A_SERVER = ("host", "username", "password")

Host = Annotated[str | None, typer.Option(help="Its name")]
Plugin = Annotated[str | None, typer.Option(help="A plugin that sends in the place of a server")]
Port = Annotated[int | None, typer.Option(help="587 for STARTTLS, 465 for TLS", min=1, max=65535)]
Security = Annotated[MailSecurity | None, typer.Option(help="How the line is encrypted")]
Username = Annotated[str | None, typer.Option(help="Who signs in to it; nobody where empty")]
Sender = Annotated[str | None, typer.Option(help="Whom mail comes from: Acme <mail@acme.example>")]
NewPassword = Annotated[
    bool,
    typer.Option("--password-stdin", help="Ask for another password, or read it"),
]


@app.verb("show", example="mail-server show")
def show_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show a tenant's own mail server, without its password."""
    with administered(tenant) as api:
        show(api.get(_HERE), output)


@app.verb(
    "set",
    example="mail-server set --host smtp.example.com --username acme --password-stdin"
    " --sender 'Acme <no-reply@acme.example>'",
)
def set_(
    tenant: OfTenant = None,
    host: Host = None,
    plugin: Plugin = None,
    port: Port = None,
    security: Security = None,
    username: Username = None,
    sender: Sender = None,
    new_password: NewPassword = False,
) -> None:
    """Have a tenant's mail sent by a server of its own, by another one, or by a plugin.

    What is not said stays. With another host or port the password has to be given again. With
    --plugin there is no server, and with --host no plugin.
    """
    changed = given(
        {
            "host": host,
            "plugin": plugin,
            "port": port,
            "security": security,
            "username": username,
            "sender": sender,
            "password": ask_secret("Password") if new_password else None,
        }
    )
    with administered(tenant) as api:
        kept, etag = _kept(api)
        wanted = _without_the_other(kept, changed) | changed
        if not wanted.get("sender") or not (wanted.get("host") or wanted.get("plugin")):
            raise Misused("At first --sender is wanted, and --host or --plugin.")
        made = api.replace(_HERE, wanted, etag=etag)
    if made["plugin"]:
        say(f"✓ Mail is sent by the plugin {made['plugin']}.")
    else:
        say(f"✓ Mail is sent by {made['host']}, port {made['port']}.")


@app.verb("test", example="mail-server test mira@acme.example")
def try_(
    recipient: Annotated[str, typer.Argument(help="Who gets the mail")],
    tenant: OfTenant = None,
    output: Output = Format.TABLE,
) -> None:
    """Send a test mail by a tenant's own server, and show each step."""
    with administered(tenant) as api:
        trial = api.post(f"{_HERE}/test", {"recipient": recipient})
    show_all(trial["steps"], output)
    if not trial["taken"]:
        raise Failure("The server has not taken the mail.")
    say("✓ The server has taken the mail.")


@app.verb(example="mail-server remove --yes")
def remove(tenant: OfTenant = None, yes: Yes = False) -> None:
    """Have a tenant's mail sent by the installation's server again."""
    if not yes:
        confirm("Have the installation's server send the tenant's mail again?")
    with administered(tenant) as api:
        api.delete(_HERE)
    say("✓ The tenant has no mail server of its own.")


def _without_the_other(kept: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """What stays where it is a plugin from now on, or a server again."""
    if changed.get("plugin"):
        return {name: it for name, it in kept.items() if name not in _OF_A_SERVER}
    if changed.get("host"):
        return {name: it for name, it in kept.items() if name != "plugin"}
    return kept


def _kept(api: AdminApi) -> tuple[dict[str, Any], str | None]:
    """What there is already, as far as it is told, and the tag of that state."""
    try:
        now, etag = api.seen(_HERE)
    except NotFound:
        return {}, None
    return {name: now[name] for name in _KEPT if name in now}, etag
