"""Setting up a passkey: what the device is asked for, and taking what it has made."""

from collections.abc import Mapping

from quart import Response

from authgate.accounts import factor_notices, own_events, passkey_ceremonies
from authgate.accounts.passkey_ceremonies import Challenge, NoPasskey
from authgate.accounts.passkey_challenges import PasskeyChallenges
from authgate.accounts.second_factors import SecondFactors
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people.users import User
from authgate.storage.sign_in import passkeys, recovery_codes
from authgate.storage.sign_in.passkeys import LONGEST_NAME, PasskeyTaken

_REGISTER = "register"


class PasskeySetup:
    """Whoever calls it has found out that the person may."""

    def __init__(self, *, parts: Installation, factors: SecondFactors) -> None:
        self._parts = parts
        self._factors = factors
        self._challenges = PasskeyChallenges(parts.encryption, clock=parts.clock)

    async def options(self, user: User) -> Response:
        """What the device is asked to make."""
        known = await passkeys.of(user.id)
        handle = passkey_ceremonies.handle_of(known)
        challenge = Challenge.made(_REGISTER, user.id, now=self._parts.clock(), user_handle=handle)
        options = passkey_ceremonies.registration_options(challenge, user, known)
        return await self._challenges.hand_out(challenge, options)

    async def taken(self, user: User, form: Mapping[str, str]) -> tuple[str, ...]:
        """Store what it has made; recovery codes, told this once, where the person has none.

        Needs a unit of work that holds the person. Raises ``NoPasskey``.
        """
        challenge = await self._challenges.taken_back(_REGISTER)
        if challenge.user_id != user.id:
            raise NoPasskey
        name, now = plain_name(form.get("name", "")), self._parts.clock()
        made = await passkey_ceremonies.registered(
            form.get("credential", ""), challenge, name=name, now=now
        )
        try:
            await passkeys.add(made)
        except PasskeyTaken as error:
            raise NoPasskey from error
        await own_events.record(
            Event.SECOND_FACTOR_ENROLLED, user, method="passkey", name=made.name
        )
        what = text("A passkey was added to your account.")
        await factor_notices.send(self._parts, user, what)
        if await recovery_codes.left(user.id):
            return ()
        return await self._factors.new_recovery_codes(user, now=now)


def plain_name(typed: str) -> str:
    """What somebody calls a passkey, as it is kept; empty where they have said nothing."""
    plain = " ".join("".join(each for each in typed if each.isprintable()).split())
    return plain[:LONGEST_NAME]
