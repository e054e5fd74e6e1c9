"""What a tenant says of its syslog server."""

from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, EventFormat, Setting, check_format
from authgate.plugin_api.hosts import check_authorities, check_host, port_of

_PORT = 6514
"""Of syslog in TLS (RFC 5425 section 4.1)."""
_FACILITIES = range(24)
_LENGTHS = range(4096, 65_537)
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogConfig:
    """What a tenant chooses."""

    host: Annotated[
        str,
        Setting(
            "The server's name, with its port where that is not 6514: logs.example.com:6514.",
            label="Server",
            place=True,
        ),
    ]
    authorities: Annotated[
        str,
        Setting(
            "Certificates of the authorities that vouch for the server (PEM), where they are your"
            " own. They are believed, and no others.",
            label="Authorities",
            lines=True,
        ),
    ] = ""
    format: Annotated[
        str,
        Setting("What events are written as: plain, ecs or ocsf.", label="Format"),
    ] = EventFormat.PLAIN.value
    facility: Annotated[
        int,
        Setting("The number of the facility, 0 to 23: 13 is the audit log.", label="Facility"),
    ] = 13
    hostname: Annotated[
        str,
        Setting("What messages say that they come from.", label="Host name in messages"),
    ] = "authgate"
    longest: Annotated[
        int,
        Setting(
            "Octets of a message, 4096 to 65536. An event that needs more is sent without its"
            " details.",
            label="Longest message",
        ),
    ] = 8192

    def __post_init__(self) -> None:
        check_host("host", self.host)
        check_authorities("authorities", self.authorities)
        check_format("format", self.format)
        if self.facility not in _FACILITIES:
            raise ConnectorConfigError("facility", "must be 0 to 23")
        name = self.hostname
        if not 0 < len(name) <= _LONGEST_NAME or not (name.isascii() and name.isprintable()):
            raise ConnectorConfigError("hostname", "must be 1 to 255 plain characters")
        if " " in name:
            raise ConnectorConfigError("hostname", "must have no blank")
        if self.longest not in _LENGTHS:
            raise ConnectorConfigError("longest", "must be 4096 to 65536")

    @property
    def server(self) -> tuple[str, int]:
        """Name and port."""
        return port_of(self.host, _PORT)
