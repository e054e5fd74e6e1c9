"""What ``authgate client`` is told: the options of its commands."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from authgate.cli.failures import Misused
from authgate.cli.options import given
from authgate.tokens import scopes
from authgate.tokens.grant_names import GRANTS
from authgate.vocabulary import ApplicationType, ClientStatus, ConsentPolicy, DeliveryStatus

ClientId = Annotated[str, typer.Argument(help="client_id")]
ClientIds = Annotated[
    list[str],
    typer.Argument(help="client_id; of several clients all or none", metavar="CLIENT_ID..."),
]

Name = Annotated[
    str,
    typer.Option("--name", help="Its name for people, who see it before they allow it anything"),
]
NewName = Annotated[str | None, typer.Option("--name", help="Another name for people")]
_GRANTS_HELP = (
    "authorization_code, device_code, client_credentials, jwt_bearer, refresh_token or"
    " token_exchange; repeatable"
)
Grants = Annotated[list[str], typer.Option("--grant", help=_GRANTS_HELP)]
NewGrants = Annotated[
    list[str] | None,
    typer.Option("--grant", help="What it may use from now on, and nothing else; repeatable"),
]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="What it may ask for, all in all; repeatable")
]
RedirectUris = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", help="Where it may be answered, to the letter; repeatable"),
]
Type = Annotated[
    ApplicationType | None,
    typer.Option("--type", help="native: it runs on people's own machines, where ports vary"),
]
Consent = Annotated[
    ConsentPolicy | None, typer.Option("--consent", help="When people are asked what it may do")
]
PkceOptional = Annotated[
    bool | None,
    typer.Option("--pkce-optional/--pkce-required", help="It may do without PKCE, with a secret"),
]
Introspects = Annotated[
    bool | None,
    typer.Option(
        "--introspects/--no-introspects", help="An API: it may ask about tokens of every client"
    ),
]
FirstParty = Annotated[
    bool | None,
    typer.Option("--first-party/--no-first-party", help="It is the tenant's own"),
]
WithoutSecret = Annotated[
    bool | None,
    typer.Option(
        "--unauthenticated-device-grant/--authenticated-device-grant",
        help="It may poll for its device's token without its secret, as AuthGate's SDKs do",
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
Project = Annotated[
    str | None, typer.Option("--project", help="Value of the private claim for its project")
]
ServiceAccount = Annotated[
    str | None, typer.Option("--service-account", help="Value of the claim for its service account")
]
Description = Annotated[
    str | None,
    typer.Option("--description", help="What it is for, for whoever administers it"),
]

Public = Annotated[bool, typer.Option("--public", help="It keeps no secret: a CLI, a TV, an app")]
OwnId = Annotated[str | None, typer.Option("--id", help="client_id; a random one where not given")]
Given = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Read the secret that it has already from standard input"),
]
SecretDays = Annotated[
    int | None,
    typer.Option("--secret-days", min=1, max=3650, help="Its secret ends after so many days"),
]
NewMethods = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        help="How it proves itself from now on, such as client_secret_jwt; repeatable",
    ),
]
KeptHours = Annotated[
    int,
    typer.Option(
        "--keep-former-hours", min=0, max=720, help="For so long the former secret is good, too"
    ),
]

Search = Annotated[
    str | None,
    typer.Option("--search", help="A part of the name, or the beginning of the client_id"),
]
InStatus = Annotated[ClientStatus | None, typer.Option("--status", help="Only those")]
Kind = Annotated[
    bool | None,
    typer.Option("--public/--confidential", help="Only those without a secret, or with one"),
]
Unseen = Annotated[
    bool | None,
    typer.Option("--unseen/--seen", help="Only those that were served before anybody looked"),
]
OfClient = Annotated[
    str | None, typer.Option("--client", help="client_id of one; all where not given")
]
OfStatus = Annotated[DeliveryStatus | None, typer.Option("--status", help="Only those")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="How many")]
Pairs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Client metadata by the names of the registries; lists with commas, @FILE for a file",
    ),
]
Unset = Annotated[list[str] | None, typer.Option(help="What to take back; repeatable")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client is to be. What was not given is ``None``."""

    name: NewName = None
    grant: NewGrants = None
    scope: Scopes = None
    redirect_uri: RedirectUris = None
    type_: Type = None
    consent: Consent = None
    pkce_optional: PkceOptional = None
    introspects: Introspects = None
    first_party: FirstParty = None
    unauthenticated_device_grant: WithoutSecret = None
    allowed_origin: AllowedOrigins = None
    post_logout_redirect_uri: PostLogoutRedirectUris = None
    backchannel_logout_uri: BackchannelLogoutUri = None
    frontchannel_logout_uri: FrontchannelLogoutUri = None
    project: Project = None
    service_account: ServiceAccount = None
    description: Description = None

    def said(self) -> dict[str, Any]:
        """What was given, as the API names it. Raises ``Misused``."""
        said = {
            "name": self.name,
            "grant_types": [grant_type(each) for each in self.grant] if self.grant else None,
            "scopes": _scopes(self.scope) if self.scope else None,
            "redirect_uris": _filled(self.redirect_uri),
            "application_type": self.type_,
            "consent": self.consent,
            "pkce_optional": self.pkce_optional,
            "introspects": self.introspects,
            "first_party": self.first_party,
            "unauthenticated_device_grant": self.unauthenticated_device_grant,
            "project": self.project,
            "service_account": self.service_account,
            "description": self.description,
            "metadata": self._metadata() or None,
        }
        return given(said)

    def _metadata(self) -> dict[str, Any]:
        return given(
            {
                "allowed_origins": _filled(self.allowed_origin),
                "post_logout_redirect_uris": _filled(self.post_logout_redirect_uri),
                "backchannel_logout_uri": self.backchannel_logout_uri,
                "frontchannel_logout_uri": self.frontchannel_logout_uri,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation(Settings):
    """What a client begins as."""

    name: Name
    grant: Grants
    public: Public = False
    client_id: OwnId = None
    secret_days: SecretDays = None


def grant_type(typed: str) -> str:
    """The grant of this name. Raises ``Misused``."""
    if typed in GRANTS.values():
        return typed
    if typed not in GRANTS:
        *others, last = GRANTS
        raise Misused(f"There is no grant {typed!r}; there are {', '.join(others)} and {last}.")
    return GRANTS[typed]


def _scopes(typed: list[str]) -> list[str]:
    try:
        return list(scopes.parse(" ".join(typed)))
    except scopes.MalformedScope as error:
        raise Misused(str(error)) from error


def _filled(typed: list[str] | None) -> list[str] | None:
    """What was given; an empty text takes all away."""
    return None if typed is None else [each for each in typed if each]
