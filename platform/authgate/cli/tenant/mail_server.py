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
_KEPT = ("host", "port", "security", "username", "sender")

Host = Annotated[str | None, typer.Option(help="Its name")]
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
    port: Port = None,
    security: Security = None,
    username: Username = None,
    sender: Sender = None,
    new_password: NewPassword = False,
) -> None:
    """Have a tenant's mail sent by a server of its own, or by another one.

    What is not said stays. With another host or port the password has to be given again.
    """
    changed = given(
        {
            "host": host,
            "port": port,
            "security": security,
            "username": username,
            "sender": sender,
            "password": ask_secret("Password") if new_password else None,
        }
    )
    with administered(tenant) as api:
        kept, etag = _kept(api)
        wanted = kept | changed
        if not wanted.keys() >= {"host", "sender"}:
            raise Misused("A first server wants --host and --sender.")
        made = api.replace(_HERE, wanted, etag=etag)
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


def _kept(api: AdminApi) -> tuple[dict[str, Any], str | None]:
    """What there is already, as far as it is told, and the tag of that state."""
    try:
        now, etag = api.seen(_HERE)
    except NotFound:
        return {}, None
    return {name: now[name] for name in _KEPT}, etag
