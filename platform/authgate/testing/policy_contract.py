"""The contract of ``login_policy``."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from authgate.plugin_api import Deny, LoginRequest, hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager import Isolation, Objection
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

_BY_PASSWORD = LoginRequest(
    tenant="acme",
    subject="0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f50",
    client_id="web",
    address="192.0.2.7",
    amr=("pwd",),
    acr="1",
    connection="",
    new_browser=False,
)
_OTHER_SUBJECT = "0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f51"
LOGINS = (
    _BY_PASSWORD,
    replace(_BY_PASSWORD, new_browser=True),
    replace(_BY_PASSWORD, amr=("federated",), connection="github"),
    replace(_BY_PASSWORD, address="2001:db8::7"),
    replace(_BY_PASSWORD, address="198.51.100.7", subject=_OTHER_SUBJECT),
    replace(_BY_PASSWORD, tenant="globex"),
)
"""People who sign in: by password and elsewhere, from several addresses, at two tenants."""

_ODD = (
    replace(_BY_PASSWORD, client_id=""),
    replace(_BY_PASSWORD, client_id="https://app.example/" + "x" * 200),
    replace(_BY_PASSWORD, address=""),
    replace(_BY_PASSWORD, address="::ffff:192.0.2.7"),
    replace(_BY_PASSWORD, amr=(), acr="urn:example:acr:high"),
)


class LoginPolicyContract(HookSubject):
    """What every plugin has to keep that decides who signs in, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``; ``settings`` too,
    where it has some, such that it lets in some of ``requests`` and not others.
    """

    def requests(self) -> Sequence[LoginRequest]:
        """Sign-ins of which it lets some go on, and not others."""
        return LOGINS

    def test_it_lets_somebody_in(self) -> None:
        assert None in self._said(self.requests())

    def test_it_does_not_let_everybody_in(self) -> None:
        assert any(self._said(self.requests()))

    def test_it_decides_about_everybody(self) -> None:
        """Who cannot be decided about is let in nowhere: a failure locks them out."""
        with observed() as isolation:
            self._said([*self.requests(), *_ODD], isolation=isolation)

    def test_it_takes_little_of_the_time_that_it_has(self) -> None:
        budget = rules_of(hookspecs.login_policy).budget
        self._said(self.requests())  # whatever is read once
        started = time.process_time()
        self._said(self.requests())
        assert time.process_time() - started < budget * len(self.requests())

    def test_tenants_and_people_at_once_do_not_mix(self) -> None:
        requests = [*self.requests(), *_ODD]
        alone = [self._said([each])[0] for each in requests]
        for order in (requests, requests[::-1]):
            together = dict(zip(map(str, order), self._said(order), strict=True))
            assert [together[str(each)] for each in requests] == alone

    def test_what_it_tells_and_logs_holds_no_secret(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with listening() as lines:
            said = [each.decision for each in self._said([*self.requests(), *_ODD]) if each]
        printed = capsys.readouterr()
        texts = [each.text for each in said if isinstance(each, Deny)]
        assert not leaked(self.secrets(), "\n".join([*texts, *lines, printed.out, printed.err]))

    def test_people_sign_in_as_it_says(self, authgate_server: "RealServer") -> None:
        async def sign_in(*plugins: str) -> tuple[LoginRequest, UUID, bool]:
            tenant = await authgate_server.tenant("acme", *plugins)
            if plugins:
                await self.set_up(authgate_server, tenant)
            person = await authgate_server.person(tenant)
            request = replace(
                _BY_PASSWORD,
                tenant=tenant.slug,
                subject=str(person.id),
                client_id="",
                address="127.0.0.1",
                new_browser=True,
            )
            return request, tenant.id, await authgate_server.signs_in(tenant, person)

        self.installed()
        with unhurried(hookspecs.login_policy):
            request, _, is_in = authgate_server.run(sign_in(self.plugin))
            _, _, without = authgate_server.run(sign_in())
        assert is_in == (self._said([request]) == [None])
        assert without, "a tenant that has not enabled it lets in whoever has proven who they are"

    def _said(
        self, requests: Sequence[LoginRequest], *, isolation: Isolation | None = None
    ) -> list[Objection | None]:
        """What it says to these sign-ins, asked for all at once."""
        plugins = self.bench(isolation=isolation)

        async def ask(request: LoginRequest) -> Any:
            return await plugins.login_policy(
                request, tenant_id=tenant_id(request.tenant), enabled=(self.plugin,)
            )

        return answers(hookspecs.login_policy, ask, requests)
