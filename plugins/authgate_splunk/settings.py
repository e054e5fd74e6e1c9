"""What a tenant says of its Splunk."""

from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, EventFormat, Secret, Setting, check_format
from authgate.plugin_api.hosts import check_host

_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SplunkConfig:
    """What a tenant chooses."""

    host: Annotated[
        str,
        Setting(
            "Where the HTTP Event Collector is: splunk.example.com:8088.",
            label="Event collector",
            place=True,
        ),
    ]
    token: Annotated[Secret, Setting("The token of the event collector.", label="HEC token")]
    index: Annotated[
        str,
        Setting("The index that events go to; empty for the token's own.", label="Index"),
    ] = ""
    source_type: Annotated[
        str,
        Setting("What Splunk reads events as.", label="Source type"),
    ] = "authgate:audit"
    format: Annotated[
        str,
        Setting("What events are written as: plain, ecs or ocsf.", label="Format"),
    ] = EventFormat.PLAIN.value

    def __post_init__(self) -> None:
        check_host("host", self.host)
        token = self.token.reveal()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConnectorConfigError("token", "must be plain characters")
        for name in ("index", "source_type"):
            if len(getattr(self, name)) > _LONGEST:
                raise ConnectorConfigError(name, f"must have at most {_LONGEST} characters")
        check_format("format", self.format)
