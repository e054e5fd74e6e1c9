"""Asks the plugins, one by one: only those that the tenant has enabled, always in the same order.

Not through pluggy's own call, where one raising implementation loses what all the others said.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import pluggy
import structlog

from authgate.plugin_api import ClaimValue, OnFailure, TokenClaimsRequest, hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager.claims import checked_claims, may_say
from authgate.plugin_manager.containment import Work
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


class Plugins:
    """The installed plugins, as the server asks them."""

    def __init__(self, installed: pluggy.PluginManager, *, isolation: Isolation) -> None:
        self._installed = installed
        self._isolation = isolation
        self._token_claims = dict(implementations(installed, "token_claims"))

    @property
    def names(self) -> frozenset[str]:
        """What a tenant may enable."""
        return frozenset(name for name, _ in self._installed.list_name_plugin())

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
        said = await self._ask(
            hookspecs.token_claims,
            self._token_claims,
            tenant_id=tenant_id,
            enabled=enabled,
            accept=checked_claims,
            request=request,
        )
        return _sifted(said, private_claim_prefix)

    async def _ask(
        self,
        hook: Callable[..., object],
        asked: Mapping[str, "Implementation"],
        *,
        tenant_id: UUID,
        enabled: Collection[str],
        accept: Callable[[object], T],
        **arguments: object,
    ) -> dict[str, T]:
        rules = rules_of(hook)
        said: dict[str, T] = {}
        for plugin, implementation in asked.items():
            if plugin not in enabled:
                continue
            target = Target(tenant_id=tenant_id, plugin=plugin, call=hook.__name__)
            try:
                said[plugin] = await self._isolation.run(
                    implementation(arguments), target, budget=rules.budget, accept=accept
                )
            except PluginFailed:
                if rules.on_failure is OnFailure.REFUSE:
                    raise
        return said


Implementation = Callable[[Mapping[str, object]], Work]
"""Takes a hook's arguments and gives the call, ready to run."""


def implementations(
    installed: pluggy.PluginManager, hook: str
) -> Iterator[tuple[str, Implementation]]:
    """Each plugin's part in a hook, in the order of the plugins' names."""
    caller: pluggy.HookCaller = getattr(installed.hook, hook)
    for each in sorted(caller.get_hookimpls(), key=lambda each: each.plugin_name):
        yield each.plugin_name, partial(_call, each)


def _call(implementation: Any, arguments: Mapping[str, object]) -> Work:
    # An implementation takes those of the hook's arguments that it names.
    return partial(implementation.function, *(arguments[n] for n in implementation.argnames))


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
