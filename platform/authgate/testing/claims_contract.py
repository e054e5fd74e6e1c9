"""The contract of ``token_claims``."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid5

import pluggy
import pytest

from authgate import plugin_manager
from authgate.plugin_api import OnFailure, TokenClaimsRequest, hookspecs
from authgate.plugin_api.hookspecs import HookRules, rules_of
from authgate.plugin_manager import AddedClaims, Isolation, Plugins
from authgate.testing.fake_http import no_network
from authgate.testing.own_loop import done

if TYPE_CHECKING:
    from authgate.testing.server import RealServer

_PERSON = TokenClaimsRequest(
    tenant="acme",
    issuer="https://sso.example/t/acme",
    client_id="web",
    subject="0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f50",
    grant_type="authorization_code",
    scope=frozenset({"openid", "read"}),
)
_OTHER = {"tenant": "globex", "issuer": "https://sso.example/t/globex"}
SAMPLES = (
    _PERSON,
    replace(_PERSON, grant_type="refresh_token"),
    replace(_PERSON, client_id="cli", subject="client:cli", grant_type="client_credentials"),
    replace(_PERSON, **_OTHER),  # type: ignore[arg-type]  # by their names
)
"""Tokens of people and of machines, at two tenants."""

_ODD = (
    replace(_PERSON, scope=frozenset()),
    replace(_PERSON, scope=frozenset(f"scope-{number}" for number in range(100))),
    replace(_PERSON, tenant="t", subject="s", client_id="https://app.example/" + "x" * 200),
    replace(_PERSON, grant_type="urn:ietf:params:oauth:grant-type:token-exchange"),
)
_UNHURRIED_SECONDS = 60.0
_TENANTS = UUID(int=0)


class TokenClaimsContract:
    """What every plugin has to keep that adds claims, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``; ``requests``
    too, where none of those here gets any claims.
    """

    plugin: ClassVar[str]
    """The plugin's name: its entry point's."""

    def requests(self) -> Sequence[TokenClaimsRequest]:
        """Tokens that it has something to say in, or not."""
        return SAMPLES

    def test_it_has_something_to_say(self) -> None:
        assert any(each.claims for each in self._said(*self.requests()))

    def test_every_claim_is_its_own_to_make(self) -> None:
        """Each begins with the plugin's name and an underscore; all else is dropped."""
        assert not [each.dropped for each in self._said(*self.requests()) if each.dropped]

    def test_it_fails_for_nobody(self) -> None:
        """Whoever the token is for, and whatever it is for."""
        with _observed() as isolation:
            self._said(*self.requests(), *_ODD, isolation=isolation)

    def test_it_takes_little_of_the_time_that_it_has(self) -> None:
        budget = rules_of(hookspecs.token_claims).budget
        self._said(*self.requests())  # whatever is read once
        started = time.process_time()
        self._said(*self.requests())
        assert time.process_time() - started < budget * len(self.requests())

    def test_tenants_and_people_at_once_do_not_mix(self) -> None:
        requests = [*self.requests(), *_ODD]
        alone = [self._said(each)[0].claims for each in requests]
        for order in (requests, requests[::-1]):
            together = dict(zip(map(str, order), self._said(*order), strict=True))
            assert [together[str(each)].claims for each in requests] == alone

    def test_tokens_carry_its_claims_where_it_is_enabled(
        self, authgate_server: "RealServer"
    ) -> None:
        async def issued(*plugins: str) -> tuple[TokenClaimsRequest, dict[str, Any]]:
            tenant = await authgate_server.tenant("acme", *plugins)
            machine = await authgate_server.machine(tenant)
            request = TokenClaimsRequest(
                tenant=tenant.slug,
                issuer=tenant.issuer,
                client_id=machine.client_id,
                subject=f"client:{machine.client_id}",
                grant_type="client_credentials",
                scope=frozenset({"read"}),
            )
            said = await authgate_server.claims(tenant, machine)
            prefix = f"{self.plugin}_"
            return request, {name: said[name] for name in said if name.startswith(prefix)}

        self._installed()
        with _unhurried():
            request, claims = authgate_server.run(issued(self.plugin))
            assert claims == dict(self._said(request)[0].claims)
            _, elsewhere = authgate_server.run(issued())
        assert not elsewhere

    def _said(
        self, *requests: TokenClaimsRequest, isolation: Isolation | None = None
    ) -> list[AddedClaims]:
        """What it says in these tokens, asked for all at once."""
        plugins = Plugins(self._installed(), isolation=isolation or Isolation())

        async def ask(request: TokenClaimsRequest) -> AddedClaims:
            return await plugins.token_claims(
                request,
                tenant_id=uuid5(_TENANTS, request.tenant),
                enabled=(self.plugin,),
                private_claim_prefix="extra",
            )

        async def all_at_once() -> list[AddedClaims]:
            return await asyncio.gather(*map(ask, requests))

        with _unhurried(), no_network() as tried:
            said = done(all_at_once())
        assert not tried, f"the plugin called socket.{tried[0]}: a token waits for it"
        return said

    def _installed(self) -> pluggy.PluginManager:
        found = plugin_manager.load()
        if not found.has_plugin(self.plugin):
            pytest.fail(
                f"No plugin {self.plugin!r} is installed: run the tests in the folder of its"
                " pyproject.toml, or install it by pip install --editable."
            )
        return found


@contextmanager
def _observed() -> Iterator[Isolation]:
    """An isolation; the block fails where a call into a plugin did."""
    outcomes: list[str] = []
    yield Isolation(observe=lambda call: outcomes.append(call.outcome))
    assert set(outcomes) <= {"done"}, outcomes


@contextmanager
def _unhurried() -> Iterator[None]:
    """A busy machine is no fault of the plugin: its processor time is measured by itself."""
    rules = HookRules(_UNHURRIED_SECONDS, OnFailure.SKIP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hookspecs.token_claims, "authgate_rules", rules)
        yield
