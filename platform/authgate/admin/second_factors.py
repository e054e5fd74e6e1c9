"""``/users/{user_id}/second-factors``: which a person has, and taking them away."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from uuid import UUID

from authgate.accounts import authenticators, user_agents
from authgate.accounts.second_factor_policy import is_required_of, told_due_at
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.second_step import owner_of
from authgate.admin.people import found, worded
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict, RecentSignInRequired
from authgate.provisioning import second_factors
from authgate.storage.sign_in import remembered_devices
from authgate.storage.sign_in.passkeys import Passkey
from authgate.storage.sign_in.remembered_devices import RememberedDevice
from authgate.tokens.admin_scopes import Scope


class PasskeyDocument(Document):
    """A passkey of a person's."""

    id: UUID
    name: str
    """What they call it."""

    made_by: str
    """What made it, as it says itself; empty where nobody knows."""

    created_at: datetime
    last_used_at: datetime | None


class RememberedDeviceDocument(Document):
    """A browser in which a person is asked for no second factor."""

    id: UUID
    device: str
    """Browser and system, as the browser tells of itself."""

    ip: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class SecondFactorsDocument(Document):
    """What a person shows besides their first factor."""

    model_config = exemplified(
        required=True,
        due_at=None,
        totp_since="2026-03-02T09:12:44Z",
        totp_last_used_at="2026-03-09T08:01:12Z",
        passkeys=[
            {
                "id": "019cb0f3-3a54-7d21-9c4a-6f1f0f4f6c11",
                "name": "Telephone",
                "made_by": "iCloud Keychain",
                "created_at": "2026-03-02T09:15:02Z",
                "last_used_at": "2026-03-08T17:40:51Z",
            }
        ],
        recovery_codes=9,
        remembered_devices=[
            {
                "id": "019cb0f4-91c7-7a05-8d39-2b6c1e5a7f42",
                "device": "Firefox 148 on Linux",
                "ip": "203.0.113.7",
                "created_at": "2026-03-02T09:16:30Z",
                "last_used_at": "2026-03-09T08:01:12Z",
                "expires_at": "2026-04-01T09:16:30Z",
            }
        ],
    )

    required: bool
    """Whether they have to have one."""

    due_at: datetime | None
    """Until when they are let in without; `null` where they have one, or were told no date."""

    totp_since: datetime | None
    """When they set up their authenticator app; `null` where they have none."""

    totp_last_used_at: datetime | None
    passkeys: Sequence[PasskeyDocument]
    """Their passkeys, the oldest first."""

    recovery_codes: int
    """How many of them are good still."""

    remembered_devices: Sequence[RememberedDeviceDocument]
    """Where they are asked for none, the browser used last first."""


async def read_second_factors(call: Call[Nothing, Nothing]) -> Answer[SecondFactorsDocument]:
    """Read which second factors a person has."""
    user = await found(call)
    enrolled = await SecondFactors(call.parts.encryption).of(user)
    devices = await remembered_devices.live_of(owner_of(user), now=call.parts.clock())
    return Answer(
        SecondFactorsDocument(
            required=await is_required_of(user),
            due_at=await told_due_at(user),
            totp_since=enrolled.app.created_at if enrolled.app else None,
            totp_last_used_at=enrolled.app.last_used_at if enrolled.app else None,
            passkeys=[_passkey(each) for each in enrolled.passkeys],
            recovery_codes=enrolled.recovery_codes,
            remembered_devices=[_device(each) for each in devices],
        )
    )


async def reset_second_factors(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take all second factors from a person.

    For somebody who has lost theirs. They are signed out everywhere and told by mail; where the
    tenant asks for a second factor they set one up in their next sign-in, with their password
    alone. Nobody does so for themselves or for somebody who may more than they may. It asks a
    person for a recent sign-in.
    """
    user = await found(call)
    call.caller.require_recent_sign_in(call.parts.clock())
    with worded():
        await second_factors.reset(call.parts, user.id, by=call.caller.authority)
    return Answer(None)


def _passkey(passkey: Passkey) -> PasskeyDocument:
    return PasskeyDocument(
        id=passkey.id,
        name=passkey.name,
        made_by=authenticators.called(passkey.aaguid),
        created_at=passkey.created_at,
        last_used_at=passkey.last_used_at,
    )


def _device(device: RememberedDevice) -> RememberedDeviceDocument:
    name, _ = user_agents.described(device.user_agent)
    return RememberedDeviceDocument(
        id=device.id,
        device=name,
        ip=device.ip,
        created_at=device.created_at,
        last_used_at=device.last_used_at,
        expires_at=device.expires_at,
    )


_HERE = "/users/{user_id}/second-factors"

OPERATIONS = [
    operation(HTTPMethod.GET, _HERE, read_second_factors, scope=Scope.USERS_READ),
    operation(
        HTTPMethod.DELETE,
        _HERE,
        reset_second_factors,
        scope=Scope.USERS_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[RecentSignInRequired, Conflict],
    ),
]
