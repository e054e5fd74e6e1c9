"""Who calls: a program with an access token for the admin API, or another directory with a token
that lasts."""

from typing import NamedTuple

from authgate.api.access import Access, challenge
from authgate.api.problems import TokenRequired
from authgate.audit import Actor
from authgate.clock import Clock
from authgate.permissions import UserRole
from authgate.provisioning import Authority
from authgate.storage.metering.usage_days import ALL_CLIENTS
from authgate.storage.people import scim_tokens
from authgate.tokens.admin_scopes import Scope
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import MachineRequest

_BEARER = "bearer"


class ScimCaller(NamedTuple):
    """Whoever provisions."""

    authority: Authority
    trusts_emails: bool = False
    """Whether the addresses that they tell count as verified."""

    client_id: str = ALL_CLIENTS
    """Of the program, where it is one."""
    is_guest: bool = False
    """Whether it speaks for an operator of the installation, who is here for a while."""

    @property
    def actor(self) -> Actor:
        """Who the audit log says it was."""
        return self.authority.actor


class Callers:
    """Finds out who calls."""

    def __init__(self, *, access: Access, limits: Limits, clock: Clock) -> None:
        self._access = access
        self._limits = limits
        self._clock = clock

    async def caller(self, request: MachineRequest, scope: Scope) -> ScimCaller:
        """Whoever calls, if they may what this scope opens. Raises ``TokenRequired``,
        ``AdministratorRequired``, ``InsufficientScope``, ``BeyondOwnRole`` and ``TooMany``."""
        scheme, _, token = (request.header(b"authorization") or "").partition(" ")
        if scheme.lower() == _BEARER and token.startswith(scim_tokens.PREFIX):
            return await self._directory(request, token)
        caller = await self._access.caller(request)
        caller.require(scope)
        # An operator who is here for a while gives nobody a place that would outlive it.
        if scope is Scope.SCIM_WRITE:
            caller.refuse_guest()
        return ScimCaller(caller.authority, client_id=caller.client_id, is_guest=caller.is_guest)

    async def _directory(self, request: MachineRequest, text: str) -> ScimCaller:
        now = self._clock()
        token = await scim_tokens.find_good(text, now=now)
        if token is None:
            await self._limits.count("bearer_failures", bucket(request.client_ip))
            raise TokenRequired(
                "The token is unknown, has ended or was taken back.",
                headers=challenge(error="invalid_token"),
            )
        await scim_tokens.note_use(token, now=now)
        actor = Actor("scim_token", str(token.id), token.description)
        # Whoever made it was an administrator at least, and it gets no further than one.
        return ScimCaller(Authority(actor, UserRole.ADMIN), token.trusts_emails)
