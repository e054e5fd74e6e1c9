"""Let people sign in from an organisation's networks, and ask for more elsewhere, or refuse."""

from authgate.plugin_api import LoginDecision, LoginRequest, hookimpl
from authgate_networks.policy import Networks, decided

plugin_api_version = "1.1"


@hookimpl
def register_config() -> type[Networks]:
    """Say which settings there are."""
    return Networks


@hookimpl
async def login_policy(request: LoginRequest, config: Networks) -> LoginDecision:
    """Decide by the address that the browser comes from."""
    return decided(request, config)
