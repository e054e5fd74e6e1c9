"""What a tenant says of its collector."""

import re
from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, EventFormat, Secret, Setting, check_format
from authgate.plugin_api.hosts import is_https

LINES, LIST = "lines", "list"
"""What is posted: an event on each line, or a list of them."""

_AUTHORIZATION = "authorization"
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_OURS = frozenset(
    "host connection content-length content-type transfer-encoding accept-encoding".split()
)
_LONGEST = 2000
_NONE = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorConfig:
    """What a tenant chooses."""

    url: Annotated[
        str,
        Setting(
            "Where your collector takes events, such as https://logs.example.com/authgate.",
            label="Collector",
            place=True,
        ),
    ]
    token: Annotated[
        Secret,
        Setting("What the collector knows us by, where it asks for it.", label="Token"),
    ] = _NONE
    header: Annotated[
        str,
        Setting(
            "The header that has the token: as Bearer in Authorization, by itself in any other.",
            label="Header of the token",
        ),
    ] = "Authorization"
    body: Annotated[
        str,
        Setting(
            "What is posted: lines (an event of JSON on each) or list (one list of all).",
            label="Body",
        ),
    ] = LINES
    format: Annotated[
        str,
        Setting("What events are written as: plain, ecs or ocsf.", label="Format"),
    ] = EventFormat.PLAIN.value

    def __post_init__(self) -> None:
        if not is_https(self.url) or len(self.url) > _LONGEST:
            raise ConnectorConfigError(
                "url", "is an https address of plain characters, without a user name or a fragment"
            )
        if "?" in self.url:
            raise ConnectorConfigError(
                "url", "must be without a ?: a token in it would be shown, so set it as the token"
            )
        token = self.token.reveal()
        if not (token.isascii() and token.isprintable()) or token != token.strip():
            raise ConnectorConfigError("token", "must be plain characters")
        if not _HEADER.fullmatch(self.header) or self.header.lower() in _OURS:
            raise ConnectorConfigError("header", "is no name of a header that may be set")
        if self.body not in {LINES, LIST}:
            raise ConnectorConfigError("body", "must be lines or list")
        check_format("format", self.format)

    @property
    def headers(self) -> dict[str, str]:
        """What shows the collector who posts."""
        token = self.token.reveal()
        if not token:
            return {}
        is_bearer = self.header.lower() == _AUTHORIZATION
        return {self.header: f"Bearer {token}" if is_bearer else token}
