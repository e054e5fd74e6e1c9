"""Where people may sign in from, and what becomes of the others."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated
from unicodedata import category

from authgate.plugin_api import (
    Allow,
    ConnectorConfigError,
    Deny,
    LoginDecision,
    LoginRequest,
    Setting,
    StepUp,
)

_MOST = 500
_LONGEST = 300
_STEPS = ("", "1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """What a tenant chooses."""

    networks: Annotated[
        tuple[str, ...],
        Setting(
            "Where people sign in from, such as 192.0.2.0/24 or 2001:db8::/32.", label="Networks"
        ),
    ]
    step_up: Annotated[
        str,
        Setting(
            "What has to be reached from elsewhere (acr): 2 for two factors, which people have to"
            " have set up before. Nobody signs in from elsewhere where it is empty.",
            label="Step up to",
        ),
    ] = ""
    told: Annotated[
        str,
        Setting("What people read who may not sign in from where they are.", label="Message"),
    ] = "You can sign in from the network of your organisation alone."

    def __post_init__(self) -> None:
        if len(self.networks) > _MOST:
            raise ConnectorConfigError("networks", f"at most {_MOST}")
        for each in self.networks:
            try:
                ip_network(each)
            except ValueError:
                raise ConnectorConfigError("networks", f"{each[:50]!r} is no network") from None
        if self.step_up not in _STEPS:
            raise ConnectorConfigError("step_up", "1, 2 or empty")
        # Told as it is: a message that the server does not take would let nobody in.
        if not 0 < len(self.told) <= _LONGEST or not all(map(_is_told, self.told)):
            raise ConnectorConfigError("told", f"a line of 1 to {_LONGEST} characters")


def decided(request: LoginRequest, config: Networks) -> LoginDecision:
    """What becomes of this sign-in. Whose address is not known is elsewhere."""
    if _is_inside(request.address, config):
        return Allow()
    return StepUp(config.step_up) if config.step_up else Deny(config.told)


def _is_told(char: str) -> bool:
    return char.isprintable() or category(char) == "Zs"


def _is_inside(address: str, config: Networks) -> bool:
    try:
        here = ip_address(address)
    except ValueError:
        return False
    return any(here in ip_network(each) for each in config.networks)
