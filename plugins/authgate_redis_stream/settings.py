"""What a tenant says of its Redis."""

from dataclasses import dataclass
from typing import Annotated

from authgate.plugin_api import ConnectorConfigError, EventFormat, Secret, Setting, check_format
from authgate.plugin_api.hosts import check_authorities, check_host, port_of

_PORT = 6379
_LONGEST = 255
_NONE = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisConfig:
    """What a tenant chooses."""

    host: Annotated[
        str,
        Setting(
            "The server's name, with its port where that is not 6379. It is asked in TLS.",
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
            place=True,
        ),
    ] = ""
    username: Annotated[
        str,
        Setting("Whom the server knows us as; empty for its default user.", label="Redis user"),
    ] = ""
    password: Annotated[Secret, Setting("The user's password.", label="Redis password")] = _NONE
    stream: Annotated[str, Setting("The key of the stream.", label="Stream")] = "authgate:audit"
    longest: Annotated[
        int,
        Setting(
            "About how many entries the stream keeps: older ones go, whether they were read or not."
            " 0 keeps all.",
            label="Length of the stream",
        ),
    ] = 0
    format: Annotated[
        str,
        Setting("What events are written as: plain, ecs or ocsf.", label="Format"),
    ] = EventFormat.PLAIN.value

    def __post_init__(self) -> None:
        check_host("host", self.host)
        check_authorities("authorities", self.authorities)
        if self.username and not self.password.reveal():
            raise ConnectorConfigError("password", "is missing")
        if not 0 < len(self.stream) <= _LONGEST:
            raise ConnectorConfigError("stream", f"must have 1 to {_LONGEST} characters")
        if self.longest < 0:
            raise ConnectorConfigError("longest", "must be 0 or more")
        check_format("format", self.format)

    @property
    def server(self) -> tuple[str, int]:
        """Name and port."""
        return port_of(self.host, _PORT)
