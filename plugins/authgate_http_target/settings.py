"""What a tenant says of its target: where it is, what it is asked, and how it knows who asks."""

from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, Secret, Setting
from authgate.plugin_api.hosts import is_https
from authgate.plugin_api.signatures import BEGINNING, key_of

_LONGEST = 2000
_MOST_PEOPLE = 50
_NONE = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig:
    """What a tenant chooses."""

    url: Annotated[
        str,
        Setting(
            "Where your server takes events, such as https://hooks.example.com/authgate.",
            label="Address",
            place=True,
        ),
    ]
    secret: Annotated[
        Secret,
        Setting(
            "What events are signed with (Standard Webhooks): whsec_ and 24 to 64 bytes in base64.",
            label="Signing secret",
            generated=BEGINNING,
        ),
    ]
    next_secret: Annotated[
        Secret,
        Setting(
            "Signs as well, beside the other: the one that takes its place, while your server"
            " comes to know it.",
            label="Next signing secret",
            generated=BEGINNING,
        ),
    ] = _NONE
    token_claims: Annotated[
        bool,
        Setting(
            "Ask what goes into access tokens. They are made without it where it does not answer.",
            label="Claims in tokens",
        ),
    ] = False
    login_policy: Annotated[
        bool,
        Setting(
            "Ask whether people are signed in. Nobody is while it does not answer.",
            label="Who signs in",
        ),
    ] = False
    audit_events: Annotated[
        bool,
        Setting(
            "Send what has happened, as the audit log has it. It waits while your server does not"
            " take it.",
            label="What has happened",
        ),
    ] = False
    never_asked: Annotated[
        tuple[str, ...],
        Setting(
            "Identifiers of people who are signed in without asking it: two who administer, so that"
            " a target that is gone shuts nobody out for good.",
            label="Signed in without asking",
        ),
    ] = ()

    def __post_init__(self) -> None:
        _check_address(self.url)
        _check_secret("secret", self.secret)
        if self.next_secret != _NONE:
            _check_secret("next_secret", self.next_secret)
        if len(self.never_asked) > _MOST_PEOPLE:
            raise ConnectorConfigError("never_asked", f"at most {_MOST_PEOPLE}")

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What an event is signed with."""
        given = (self.secret, self.next_secret)
        return tuple(key_of(each.reveal()) for each in given if each != _NONE)


def _check_address(url: str) -> None:
    if not is_https(url):
        raise ConnectorConfigError(
            "url", "is an https address of plain characters, without a user name or a fragment"
        )
    if len(url) > _LONGEST:
        raise ConnectorConfigError("url", f"has at most {_LONGEST} characters")


def _check_secret(field: str, secret: Secret) -> None:
    try:
        key_of(secret.reveal())
    except ValueError as error:
        raise ConnectorConfigError(field, str(error)) from None
