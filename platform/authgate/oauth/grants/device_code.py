"""The device code grant (RFC 8628 section 3.4): a device that waits for a person's decision."""

from datetime import datetime
from functools import partial
from typing import ClassVar, NoReturn
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate.clock import Clock
from authgate.oauth import resources
from authgate.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    SlowDown,
)
from authgate.oauth.grants import TokenRequest
from authgate.oauth.held_polls import HeldPolls
from authgate.oauth.sign_in_tokens import SignInTokens
from authgate.oauth.turns import Turns
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import DeviceCodeStatus, Polled
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.redis.connection import tenant_key
from authgate.storage.redis.poll_pacing import PollPacer
from authgate.telemetry import metrics
from authgate.tokens.authentication import Authentication
from authgate.tokens.issuer import IssuedToken
from authgate.tokens.refresh_rotation import Family
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate_tenants import current_tenant

_LONGEST = 128
_UNKNOWN = "The device code is unknown or was used."


class DeviceCodeGrant:
    """Answers polls until somebody decides, then gives the token once."""

    grant_type: ClassVar[str] = "urn:ietf:params:oauth:grant-type:device_code"
    is_paced: ClassVar[bool] = True

    def __init__(
        self,
        *,
        tokens: SignInTokens,
        pacer: PollPacer,
        limits: Limits,
        held: HeldPolls,
        clock: Clock,
    ) -> None:
        self._limits = limits
        self._held = held
        self._tokens = tokens
        self._pacer = pacer
        self._clock = clock
        self._turns = Turns()

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """The token, or why there is none yet (RFC 8628 section 3.5)."""
        device_code = request.form.get("device_code")
        if device_code is None:
            raise InvalidRequest("device_code is required.")
        polled = await self._polled(device_code, request)
        if polled.status is not DeviceCodeStatus.PENDING:
            return await self._answered(device_code, polled, request)
        await self._pace(polled)
        if request.wait is None:
            raise AuthorizationPending
        try:
            poll = partial(self._polled, device_code, request)
            polled = await self._held.decided(polled, poll, request, request.wait)
            if request.wait.is_cut_short:
                await self._pacer.forget(_pace_key(polled))
            return await self._answered(device_code, polled, request)
        except OAuthError as refusal:
            refusal.wait = request.wait
            raise

    async def _answered(
        self, device_code: str, polled: Polled, request: TokenRequest
    ) -> IssuedToken:
        while polled.status is DeviceCodeStatus.APPROVED and await self._turns.waited(polled.id):
            # Somebody else was at it, and has most likely spent it.
            polled = await self._polled(device_code, request)
            if polled.status is DeviceCodeStatus.REDEEMED:
                raise InvalidGrant(_UNKNOWN)
        match polled.status:
            case DeviceCodeStatus.PENDING:
                raise AuthorizationPending
            case DeviceCodeStatus.DENIED:
                raise AccessDenied
            case DeviceCodeStatus.APPROVED:
                with self._turns.take(polled.id):
                    return await self._spend(polled, request)
            case DeviceCodeStatus.REDEEMED:
                return await self._refuse(request)

    async def _polled(self, device_code: str, request: TokenRequest) -> Polled:
        polled = await device_codes.poll(device_code) if len(device_code) <= _LONGEST else None
        if polled is None or polled.client_id != request.client.client_id:
            await self._refuse(request)
        if polled.expires_at <= self._clock() and polled.status is not DeviceCodeStatus.REDEEMED:
            raise ExpiredToken
        return polled

    async def _refuse(self, request: TokenRequest) -> NoReturn:
        # A waiting device is paced and never limited; who makes up codes is told to stop.
        address = bucket(request.client_ip)
        await self._limits.count("unknown_device_codes", request.client.client_id, address)
        raise InvalidGrant(_UNKNOWN)

    async def _pace(self, polled: Polled) -> None:
        verdict = await self._pacer.note(
            _pace_key(polled),
            interval=polled.poll_interval,
            ttl=_seconds_left(polled.expires_at, self._clock()),
        )
        if verdict.too_fast:
            metrics.device_requests.add("slow_down")
            raise SlowDown

    async def _spend(self, polled: Polled, request: TokenRequest) -> IssuedToken:
        resource = resources.narrowed(request.form.get(resources.PARAMETER), request.client, ())
        signed = await self._tokens.sign(
            Family(
                _family(polled),
                request.client,
                await _user(polled),
                tuple(polled.scope.split()),
                self.grant_type,
                Authentication(polled.authenticated_at or self._clock(), polled.amr),
                request.confirmation,
                resource,
                resource,
            ),
            request.form,
        )
        # Of polls that arrive together one spends the code; that and its token are stored
        # together or not at all.
        spend = device_codes.redeem(polled.id, now=self._clock())
        issued = await self._tokens.begin(signed, spend)
        if issued is None:
            raise InvalidGrant(_UNKNOWN)
        metrics.device_requests.add("redeemed")
        return issued


def _pace_key(polled: Polled) -> str:
    return tenant_key(current_tenant().id, "poll", str(polled.id))


def _family(polled: Polled) -> UUID:
    # Not the code's own id: of what a family has, ``began_at`` is when it was approved.
    approved_at = polled.decided_at
    return uuid7(nanoseconds=int(approved_at.timestamp() * 1e9) if approved_at else None)


async def _user(polled: Polled) -> User:
    # Not read with the code: most polls find it undecided.
    user = await users.find(polled.user_id) if polled.user_id else None
    if user is None or not user.is_active:
        raise InvalidGrant("Whoever approved this can no longer sign in.")
    return user


def _seconds_left(end: datetime, now: datetime) -> int:
    return max(1, int((end - now).total_seconds()))
