"""Asks the plugins, one by one: those that the tenant has enabled, always in the same order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

import pluggy
import structlog

from authgate.plugin_api import (
    Allow,
    AuditEvent,
    ClaimValue,
    HttpClient,
    LoginDecision,
    LoginRequest,
    Network,
    NoNetwork,
    OnFailure,
    SetupStep,
    StepUp,
    TokenClaimsRequest,
    hookspecs,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.claims import checked_claims, may_say
from authgate.plugin_manager.configs import Configs, NotConfigured
from authgate.plugin_manager.containment import WrongResult
from authgate.plugin_manager.decisions import checked_decision
from authgate.plugin_manager.identities import checked_steps
from authgate.plugin_manager.implementations import Implementation, implementations
from authgate.plugin_manager.isolation import Isolation, PluginFailed, Target

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DroppedClaim:
    """A claim that was not the plugin's to make."""

    plugin: str
    name: str


@dataclass(frozen=True, slots=True)
class AddedClaims:
    """What the plugins say in one token."""

    claims: Mapping[str, ClaimValue] = field(default_factory=lambda: MappingProxyType({}))
    dropped: tuple[DroppedClaim, ...] = ()
    """For the audit log: someone's plugin tries to speak for the server."""


_NOTHING = AddedClaims()


@dataclass(frozen=True, slots=True)
class Objection:
    """That a plugin does not let a sign-in go on as it is."""

    plugin: str
    decision: LoginDecision


class Plugins:
    """The installed plugins, as the server asks them."""

    def __init__(
        self,
        installed: pluggy.PluginManager,
        *,
        isolation: Isolation,
        configs: Configs,
        http: HttpClient,
        network: Network = NoNetwork(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._installed = installed
        self._isolation = isolation
        self._configs = configs
        self._outside = {"http": http, "network": network}
        self._token_claims = dict(implementations(installed, "token_claims"))
        self._login_policy = dict(implementations(installed, "login_policy"))
        self._examine_config = dict(implementations(installed, "examine_config"))
        self._audit_events = dict(implementations(installed, "audit_events"))

    async def token_claims(
        self,
        request: TokenClaimsRequest,
        *,
        tenant_id: UUID,
        enabled: Collection[str],
        private_claim_prefix: str,
    ) -> AddedClaims:
        """Claims for one access token, each under the name of the plugin that adds it."""
        if not enabled or not self._token_claims:
            return _NOTHING
        hook, said = hookspecs.token_claims, dict[str, dict[str, ClaimValue]]()
        for target in _targets(self._token_claims, hook.__name__, tenant_id, enabled):
            spoken = await self._ask(hook, self._token_claims, target, checked_claims, request)
            if spoken is not None:
                said[target.plugin] = spoken
        return _sifted(said, private_claim_prefix)

    def judge_logins(self, enabled: Collection[str]) -> bool:
        """Whether any of these plugins has a say in who signs in."""
        return any(plugin in enabled for plugin in self._login_policy)

    async def login_policy(
        self,
        request: LoginRequest,
        *,
        tenant_id: UUID,
        enabled: Collection[str],
        reached: Collection[str] = (),
    ) -> Objection | None:
        """The first objection to a sign-in that has reached these ``acr``, if there is one.

        Raises ``PluginFailed``: who cannot be asked lets nobody in.
        """
        hook = hookspecs.login_policy
        for target in _targets(self._login_policy, hook.__name__, tenant_id, enabled):
            said = await self._ask(hook, self._login_policy, target, checked_decision, request)
            if said is not None and not _lets_in(said, reached):
                return Objection(target.plugin, said)
        return None

    async def examine_config(
        self, plugin: str, *, tenant_id: UUID, tenant: str
    ) -> Sequence[SetupStep]:
        """What a plugin has to show of what the tenant has set; nothing where it has no such part.

        Raises ``NotConfigured``, and ``PluginFailed``.
        """
        hook, asked = hookspecs.examine_config, self._examine_config
        target = Target(tenant_id=tenant_id, plugin=plugin, call=hook.__name__)
        if plugin not in asked:
            await self._configs.of(target)
            return ()
        return await self._answer(hook, asked, target, checked_steps, tenant=tenant)

    def hears(self, plugin: str) -> bool:
        """Whether a plugin is told of what has happened."""
        return plugin in self._audit_events

    async def tell(self, plugin: str, events: Sequence[AuditEvent], *, tenant_id: UUID) -> None:
        """Tell one plugin of this, and return once it has taken it.

        Raises ``NotConfigured`` and ``PluginFailed``: then it is told again.
        """
        hook, asked = hookspecs.audit_events, self._audit_events
        target = Target(tenant_id=tenant_id, plugin=plugin, call=hook.__name__)
        await self._answer(hook, asked, target, _nothing, events=events)

    async def _ask(
        self,
        hook: Callable[..., object],
        asked: Mapping[str, Implementation],
        target: Target,
        accept: Callable[[object], T],
        request: object,
    ) -> T | None:
        """What one plugin says; nothing where it is not set up, or fails and may be skipped."""
        try:
            return await self._answer(hook, asked, target, accept, request=request)
        except NotConfigured:
            return None
        except PluginFailed:
            if rules_of(hook).on_failure is OnFailure.REFUSE:
                raise
            return None

    async def _answer(
        self,
        hook: Callable[..., object],
        asked: Mapping[str, Implementation],
        target: Target,
        accept: Callable[[object], T],
        **about: object,
    ) -> T:
        config = await self._configs.of(target)
        work = asked[target.plugin]({**about, "config": config, **self._outside})
        budget = rules_of(hook).budget
        return await self._isolation.run(work, target, budget=budget, accept=accept)


def _nothing(result: object) -> None:
    if result is not None:
        raise WrongResult(f"{type(result).__name__} instead of nothing")


def _targets(
    asked: Mapping[str, Implementation], call: str, tenant_id: UUID, enabled: Collection[str]
) -> Iterator[Target]:
    for plugin in asked:
        if plugin in enabled:
            yield Target(tenant_id=tenant_id, plugin=plugin, call=call)


def _lets_in(decision: LoginDecision, reached: Collection[str]) -> bool:
    if type(decision) is StepUp:
        return decision.acr in reached
    return type(decision) is Allow


def _sifted(said: Mapping[str, dict[str, ClaimValue]], private_claim_prefix: str) -> AddedClaims:
    claims: dict[str, ClaimValue] = {}
    dropped: list[DroppedClaim] = []
    for plugin, spoken in said.items():
        for name, value in spoken.items():
            if may_say(name, plugin=plugin, private_claim_prefix=private_claim_prefix):
                claims[name] = value
            else:
                dropped.append(DroppedClaim(plugin, ascii(name)[1:-1][:64]))
    for each in dropped:
        _log.warning("plugin claim dropped", plugin=each.plugin, claim=each.name)
    return AddedClaims(MappingProxyType(claims), tuple(dropped))
