"""Passkeys and remembered browsers, as pages show them."""

from authgate.accounts import authenticators, user_agents
from authgate.storage.sign_in.passkeys import Passkey
from authgate.storage.sign_in.remembered_devices import RememberedDevice
from authgate.web.second_factor_view_models import PasskeyLine, RememberedLine


def passkey_line(passkey: Passkey) -> PasskeyLine:
    """A passkey, by what its person calls it."""
    made_by = authenticators.called(passkey.aaguid)
    return PasskeyLine(
        id=str(passkey.id),
        name=passkey.name,
        since=passkey.created_at,
        used_at=passkey.last_used_at,
        made_by=made_by if made_by.casefold() not in passkey.name.casefold() else "",
    )


def device_line(device: RememberedDevice) -> RememberedLine:
    """A browser that asks for no second factor."""
    name, kind = user_agents.described(device.user_agent)
    return RememberedLine(
        id=str(device.id),
        device=name,
        kind=kind,
        ip=device.ip,
        since=device.created_at,
        used_at=device.last_used_at,
        until=device.expires_at,
    )
