"""What stands between the first factor and the session: the browser is asked for a second one,
remembered from an earlier time, or let through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from quart import Response, request

from authgate import audit
from authgate.accounts.answers import see_other
from authgate.accounts.half_sign_in import COOKIE as HALF
from authgate.accounts.half_sign_in import LIFETIME, HalfSignIn, password_mark
from authgate.accounts.second_factor_policy import (
    REMEMBERED,
    is_lacking,
    is_open_to,
    will_lack,
)
from authgate.accounts.second_factors import has_any
from authgate.accounts.standing import SECOND_FACTOR, SECOND_FACTOR_SOON
from authgate.audit import Event
from authgate.clock import Clock
from authgate.storage.people.users import User
from authgate.storage.sign_in import remembered_devices
from authgate.storage.sign_in.remembered_devices import Owner
from authgate.tokens.authentication import TWO_FACTORS, is_worth, seen
from authgate.web import session_cookie
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

DEVICE = "authgate_device"
"""The cookie of a browser that is remembered."""


@dataclass(frozen=True, slots=True)
class FirstFactor:
    """Who has proven themselves by one factor, and what they want."""

    user: User
    amr: Sequence[str]
    remembered: bool
    target: str
    """Where they are on the way to."""
    connection: str = ""
    """Slug of the one that vouched for them."""
    acr: str = ""
    """What the session has to be worth, where the tenant's plugins say so."""
    vouched_at: datetime | None = None
    """When they signed in at the connection's provider, where it told."""


class SecondStep:
    """Decides whether a sign-in is whole, and where it goes on where it is not."""

    def __init__(self, *, encryption: TenantEncryption, clock: Clock) -> None:
        self._encryption = encryption
        self._clock = clock

    async def methods(self, first: FirstFactor) -> list[str] | None:
        """How the person has signed in, where that is enough; ``None`` where more is asked for."""
        amr = list(first.amr)
        is_enough = is_worth(amr, first.acr)
        if is_enough and (is_worth(amr, TWO_FACTORS) or not is_open_to(first.user)):
            return amr
        if await has_any(first.user.id):
            return [*amr, REMEMBERED] if is_enough and await self._is_remembered(first) else None
        is_lacked = await is_lacking(first.user, amr, now=self._clock())
        return amr if is_enough and not is_lacked else None

    async def lead(self, first: FirstFactor, response: Response) -> None:
        """Have the response lead to the second factor, and later to where they wanted."""
        await _note(first)
        now, user = self._clock(), first.user
        half = HalfSignIn(
            user_id=user.id,
            amr=tuple(first.amr),
            return_to=see_other(first.target).headers["Location"],
            connection=first.connection,
            remembered=first.remembered,
            mark=password_mark(user).hex(),
            has_factor=await has_any(user.id),
            expires_at=now + LIFETIME,
            vouched_at=first.vouched_at,
        )
        cipher = await self._encryption.cipher(current_tenant().id)
        max_age = int(LIFETIME.total_seconds())
        session_cookie.write(response, HALF, half.sealed(cipher), max_age=max_age)
        response.headers["Location"] = f"{current_tenant().prefix}{SECOND_FACTOR}"

    async def tell(self, user: User, methods: Sequence[str], response: Response) -> None:
        """Lead somebody who was let in past the page that says until when, where they are to have
        a second factor soon."""
        target = response.headers.get("Location")
        if target and await will_lack(user, methods, now=self._clock()):
            there = f"{current_tenant().prefix}{SECOND_FACTOR_SOON}"
            response.headers["Location"] = f"{there}?return_to={quote(target)}"

    async def under_way(self) -> HalfSignIn | None:
        """The sign-in that this browser has begun, if it has."""
        cookie = session_cookie.read(request.headers, HALF)
        if not cookie:
            return None
        cipher = await self._encryption.cipher(current_tenant().id)
        return HalfSignIn.unsealed(cookie, cipher=cipher, now=self._clock())

    async def _is_remembered(self, first: FirstFactor) -> bool:
        key = session_cookie.read(request.headers, DEVICE)
        owner = owner_of(first.user)
        return bool(key) and await remembered_devices.use(key or "", owner, now=self._clock())


async def _note(first: FirstFactor) -> None:
    user = first.user
    vouched = {"connection": first.connection} if first.connection else {}
    await audit.record(
        Event.SECOND_FACTOR_ASKED,
        # Somebody who is signed in nowhere yet.
        actor=audit.Actor("anonymous", str(user.id), user.username),
        resource=("user", str(user.id)),
        details={"method": seen(first.amr)[0], **vouched},
    )


def owner_of(user: User) -> Owner:
    """Whose remembered browsers."""
    return Owner(user.id, password_mark(user))
