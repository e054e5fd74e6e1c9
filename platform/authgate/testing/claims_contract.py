"""The contract of ``token_claims``."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from authgate.plugin_api import TokenClaimsRequest, hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager import AddedClaims, Isolation
from authgate.testing.hook_subject import (
    HookSubject,
    answers,
    observed,
    tenant_id,
    unhurried,
)
from authgate.testing.secrecy import leaked, listening

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


class TokenClaimsContract(HookSubject):
    """What every plugin has to keep that adds claims, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``; ``requests``
    too, where none of those here gets any claims.
    """

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
        with observed() as isolation:
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

    def test_what_it_says_and_logs_holds_no_secret(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with listening() as lines:
            said = [str(each.claims) for each in self._said(*self.requests(), *_ODD)]
        printed = capsys.readouterr()
        assert not leaked(self.secrets(), "\n".join([*said, *lines, printed.out, printed.err]))

    def test_tokens_carry_its_claims_where_it_is_enabled(
        self, authgate_server: "RealServer"
    ) -> None:
        async def issued(*plugins: str) -> tuple[TokenClaimsRequest, dict[str, Any]]:
            tenant = await authgate_server.tenant("acme", *plugins)
            if plugins:
                await self.set_up(authgate_server, tenant)
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

        self.installed()
        with unhurried(hookspecs.token_claims):
            request, claims = authgate_server.run(issued(self.plugin))
            _, elsewhere = authgate_server.run(issued())
        assert claims == dict(self._said(request)[0].claims)
        assert not elsewhere

    def _said(
        self, *requests: TokenClaimsRequest, isolation: Isolation | None = None
    ) -> list[AddedClaims]:
        """What it says in these tokens, asked for all at once."""
        plugins = self.bench(isolation=isolation)

        async def ask(request: TokenClaimsRequest) -> AddedClaims:
            return await plugins.token_claims(
                request,
                tenant_id=tenant_id(request.tenant),
                enabled=(self.plugin,),
                private_claim_prefix="extra",
            )

        return answers(hookspecs.token_claims, ask, requests)
