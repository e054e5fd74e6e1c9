"""``/users/{user_id}/second-factors``: whether a person has any, and taking them away."""

from datetime import datetime
from http import HTTPMethod, HTTPStatus

from authgate.accounts.second_factor_policy import is_required_of
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.second_step import owner_of
from authgate.admin.people import found, worded
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict
from authgate.provisioning import second_factors
from authgate.storage.sign_in import remembered_devices
from authgate.tokens.admin_scopes import Scope


class SecondFactorsDocument(Document):
    """What a person shows besides their first factor."""

    model_config = exemplified(
        required=True,
        totp_since="2026-03-02T09:12:44Z",
        totp_last_used_at="2026-03-09T08:01:12Z",
        passkeys=2,
        recovery_codes=9,
        remembered_devices=1,
    )

    required: bool
    """Whether they are not let in without one."""

    totp_since: datetime | None
    """When they set up their authenticator app; `null` where they have none."""

    totp_last_used_at: datetime | None
    passkeys: int
    """How many passkeys they have."""

    recovery_codes: int
    """How many of them are good still."""

    remembered_devices: int
    """In how many browsers they are asked for none."""


async def read_second_factors(call: Call[Nothing, Nothing]) -> Answer[SecondFactorsDocument]:
    """Read which second factors a person has."""
    user = await found(call)
    enrolled = await SecondFactors(call.parts.encryption).of(user)
    devices = await remembered_devices.live_of(owner_of(user), now=call.parts.clock())
    return Answer(
        SecondFactorsDocument(
            required=await is_required_of(user),
            totp_since=enrolled.app.created_at if enrolled.app else None,
            totp_last_used_at=enrolled.app.last_used_at if enrolled.app else None,
            passkeys=len(enrolled.passkeys),
            recovery_codes=enrolled.recovery_codes,
            remembered_devices=len(devices),
        )
    )


async def reset_second_factors(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take all second factors from a person.

    For somebody who has lost theirs. They are signed out everywhere and told by mail; where the
    tenant asks for a second factor they set one up in their next sign-in, with their password
    alone. Nobody does so for themselves or for somebody who may more than they may.
    """
    user = await found(call)
    with worded():
        await second_factors.reset(call.parts, user.id, by=call.caller.authority)
    return Answer(None)


_HERE = "/users/{user_id}/second-factors"

OPERATIONS = [
    operation(HTTPMethod.GET, _HERE, read_second_factors, scope=Scope.USERS_READ),
    operation(
        HTTPMethod.DELETE,
        _HERE,
        reset_second_factors,
        scope=Scope.USERS_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
]
