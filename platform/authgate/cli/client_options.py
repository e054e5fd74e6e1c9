"""What ``authgate client`` is told: the options of its commands."""

from typing import Annotated, Any

import typer

from authgate.storage.client_rows import ApplicationType, ConsentPolicy
from authgate.storage.logout_deliveries import DeliveryStatus

InTenant = Annotated[str, typer.Option("--tenant", "-t", help="Slug of the tenant")]
Name = Annotated[str, typer.Option(help="Its name for people, who see it before they approve")]
Public = Annotated[bool, typer.Option("--public", help="It keeps no secret: a CLI, a TV, an app")]
FirstParty = Annotated[bool, typer.Option("--first-party", help="It is the tenant's own")]
OwnId = Annotated[str | None, typer.Option("--id", help="client_id; a random one where not given")]
Given = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Read the secret that it has already from standard input"),
]
ClientId = Annotated[str, typer.Argument(help="client_id")]
WithoutSecret = Annotated[
    bool,
    typer.Option(
        "--unauthenticated-device-grant/--authenticated-device-grant",
        help="It may poll for its device's token without its secret, as AuthGate's SDKs do",
    ),
]
NewName = Annotated[str | None, typer.Option("--name", help="Another name for people")]
NewGrants = Annotated[
    list[str] | None,
    typer.Option("--grant", help="What it may use from now on, and nothing else; repeatable"),
]
NewScopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="What it may ask for from now on, and nothing else; repeatable"),
]
Introspects = Annotated[
    bool, typer.Option("--introspects", help="An API: it may ask about tokens of every client")
]
NewRedirectUris = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", help="Where it may be answered from now on; repeatable"),
]
Grants = Annotated[
    list[str],
    typer.Option(
        help="authorization_code, device_code, client_credentials, jwt_bearer, refresh_token or"
        " token_exchange; repeatable"
    ),
]
RedirectUris = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", help="Where it may be answered, to the letter; repeatable"),
]
Type = Annotated[
    ApplicationType,
    typer.Option("--type", help="native: it runs on people's own machines, where ports vary"),
]
Consent = Annotated[ConsentPolicy, typer.Option(help="When people are asked what it may do")]
PkceOptional = Annotated[
    bool,
    typer.Option("--pkce-optional/--pkce-required", help="It may do without PKCE, with a secret"),
]
Scopes = Annotated[list[str] | None, typer.Option(help="What it may ask for; repeatable")]
NewConsent = Annotated[
    ConsentPolicy | None, typer.Option("--consent", help="When people are asked what it may do")
]
NewPkce = Annotated[
    bool | None,
    typer.Option("--pkce-optional/--pkce-required", help="Whether it may do without PKCE"),
]
NewIntrospects = Annotated[
    bool | None,
    typer.Option(
        "--introspects/--no-introspects", help="Whether it may ask about tokens of every client"
    ),
]
NewFirstParty = Annotated[
    bool | None,
    typer.Option("--first-party/--no-first-party", help="Whether it is the tenant's own"),
]
NewWithoutSecret = Annotated[
    bool | None,
    typer.Option(
        "--unauthenticated-device-grant/--authenticated-device-grant",
        help="Whether it may poll for its device's token without its secret",
    ),
]
AllowedOrigins = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-origin",
        help="Where its pages come from, besides its redirect URIs, as https://app.example",
    ),
]
PostLogoutRedirectUris = Annotated[
    list[str] | None,
    typer.Option(
        "--post-logout-redirect-uri",
        help="Where it takes people back that have signed out, to the letter; repeatable",
    ),
]
BackchannelLogoutUri = Annotated[
    str | None,
    typer.Option(
        "--backchannel-logout-uri", help="Where its server is told that a session is over"
    ),
]
FrontchannelLogoutUri = Annotated[
    str | None,
    typer.Option(
        "--frontchannel-logout-uri",
        help="Its page that is loaded when a person signs out, on the origin of a redirect URI",
    ),
]
Description = Annotated[str, typer.Option(help="What it is for, for whoever administers it")]
NewDescription = Annotated[str | None, typer.Option("--description", help="Another description")]
SecretDays = Annotated[
    int | None,
    typer.Option("--secret-days", min=1, max=3650, help="Its secret ends after so many days"),
]
KeptHours = Annotated[
    int,
    typer.Option(
        "--keep-former-hours", min=0, max=720, help="For so long the former secret is good, too"
    ),
]
OfClient = Annotated[
    str | None, typer.Option("--client", help="client_id of one; all where not given")
]
OfStatus = Annotated[DeliveryStatus | None, typer.Option("--status", help="Only those")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="How many")]
Project = Annotated[str, typer.Option(help="Value of the private claim for its project")]
NewProject = Annotated[str | None, typer.Option("--project", help="Another project")]
ServiceAccount = Annotated[str, typer.Option(help="Value of the claim for its service account")]
NewServiceAccount = Annotated[
    str | None, typer.Option("--service-account", help="Another service account")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


def metadata(**options: list[str] | str | None) -> dict[str, Any]:
    """What of a client's metadata was given, by its name there; an empty text takes it away."""
    given = {name: value for name, value in options.items() if value is not None}
    return {
        name: tuple(filter(None, value)) if isinstance(value, list) else value
        for name, value in given.items()
    }


Pairs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Client metadata by the names of the registries; lists with commas, @FILE for a file",
    ),
]
Unset = Annotated[list[str] | None, typer.Option(help="What to take back; repeatable")]
