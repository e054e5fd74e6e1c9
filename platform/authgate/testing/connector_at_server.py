"""A connector at the server: people sign in through it at two tenants, over https to providers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest

from authgate import plugin_manager
from authgate.plugin_manager import ConnectorTypes
from authgate.pretend.host import Answer, Asked, Host
from authgate.pretend.provider import Provider
from authgate.testing.connector_subject import ConnectorSubject
from authgate.testing.secrecy import leaked, listening

if TYPE_CHECKING:
    from authgate.testing.server import RealServer
    from authgate_tenants import Tenant

_SLUG = "contract"


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant that people sign in to through the connector, and its provider."""

    server: "RealServer"
    tenant: "Tenant"
    provider: Provider
    host: Host
    secrets: list[str]
    by_form: bool

    async def begin(self, browser: httpx2.AsyncClient) -> dict[str, str]:
        """Press the button and agree at the provider: what the browser brings back."""
        sent = await self.leave(browser)
        assert sent.status_code == 303, sent.text
        return self.provider.approve(sent.headers["location"])

    async def leave(self, browser: httpx2.AsyncClient) -> httpx2.Response:
        """Press the button."""
        return await browser.get(f"{self.tenant.issuer}/login/{_SLUG}")

    async def come_back(
        self, browser: httpx2.AsyncClient, query: dict[str, str]
    ) -> httpx2.Response:
        """Follow the provider's redirect, or post its form."""
        url = f"{self.tenant.issuer}/login/{_SLUG}/callback"
        if self.by_form:
            return await browser.post(url, data=query)
        return await browser.get(url, params=query)

    async def is_in(self, browser: httpx2.AsyncClient) -> bool:
        """Whether somebody is signed in there."""
        page = await browser.get(f"{self.tenant.issuer}/account/sessions")
        return page.status_code == 200


class ConnectorAtServer(ConnectorSubject):
    """What holds of every connector where it is installed and enabled."""

    def test_its_button_signs_people_in_at_two_tenants(self, authgate_server: "RealServer") -> None:
        async def sign_in(site: Site) -> None:
            async with site.server.browser() as browser:
                page = await browser.get(f"{site.tenant.issuer}/login")
                assert self.connector.label in page.text
                assert f"{site.tenant.prefix}/login/{_SLUG}" in page.text
                done = await site.come_back(browser, await site.begin(browser))
                assert done.status_code == 303, done.text
                assert await site.is_in(browser)
            assert await site.server.count_people(site.tenant) == 1

        acme, globex = self._two_sites(authgate_server)
        for site in (acme, globex):
            authgate_server.run(sign_in(site))
        for site, other in ((acme, globex), (globex, acme)):
            assert site.host.asked
            assert not leaked(other.secrets, str(site.host.asked))

    def test_a_tenant_that_has_not_enabled_it_knows_nothing_of_it(
        self, authgate_server: "RealServer"
    ) -> None:
        async def look() -> None:
            tenant = await authgate_server.tenant("initech")
            async with authgate_server.browser() as browser:
                page = await browser.get(f"{tenant.issuer}/login")
                assert f"/login/{_SLUG}" not in page.text
                for path in ("", "/callback"):
                    answer = await browser.get(f"{tenant.issuer}/login/{_SLUG}{path}")
                    assert answer.status_code == 404

        authgate_server.run(look())

    def test_an_answer_for_one_tenant_opens_nothing_at_the_other(
        self, authgate_server: "RealServer"
    ) -> None:
        async def cross(acme: Site, globex: Site) -> None:
            async with authgate_server.browser() as browser:
                await globex.begin(browser)
                query = await acme.begin(browser)
                answer = await globex.come_back(browser, query)
                assert answer.status_code == 400
                assert not await globex.is_in(browser)
            sent = [text for name, text in query.items() if name != self.connector.form_state]
            assert not leaked(sent, str(globex.host.asked))
            assert await authgate_server.count_people(globex.tenant) == 0

        authgate_server.run(cross(*self._two_sites(authgate_server)))

    def test_a_provider_that_fails_signs_nobody_in_and_no_secret_is_told(
        self, authgate_server: "RealServer", capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def fail(site: Site) -> str:
            def broken(asked: Asked) -> Answer:
                return Answer(status=500, body=str(asked).encode())

            async with site.server.browser() as browser:
                if site.by_form:  # an answer that may be complete: it breaks before there is one
                    site.host.site = broken
                    answer = await site.leave(browser)
                else:
                    query = await site.begin(browser)
                    site.host.site = broken
                    answer = await site.come_back(browser, query)
                assert answer.status_code in (400, 503)
                assert not await site.is_in(browser)
            return "\n".join([answer.text, *await authgate_server.audit_log(site.tenant)])

        acme, _ = self._two_sites(authgate_server)
        with listening() as lines:
            said = authgate_server.run(fail(acme))
        printed = capsys.readouterr()
        told = "\n".join([said, *lines, printed.out, printed.err])
        assert not leaked(acme.secrets, told)

    def test_its_secrets_are_sealed_at_rest(self, authgate_server: "RealServer") -> None:
        acme, globex = self._two_sites(authgate_server)
        for file in authgate_server.folder.glob("authgate.db*"):
            kept = file.read_bytes().decode("latin-1")
            assert not leaked([*acme.secrets, *globex.secrets], kept)

    def _two_sites(self, server: "RealServer") -> tuple[Site, Site]:
        return server.run(self._site(server, "acme")), server.run(self._site(server, "globex"))

    async def _site(self, server: "RealServer", name: str) -> Site:
        host = await server.host()
        host.site = provider = self.provider(host.name)
        settings = self.settings(provider)
        tenant = await server.tenant(name, self._plugin())
        await server.connect(tenant, _SLUG, connector=self.connector.name, config=settings)
        by_form = bool(self.connector.form_state)
        return Site(server, tenant, provider, host, self.secrets_in(settings), by_form)

    def _plugin(self) -> str:
        """The installed plugin that brings the connector."""
        types = ConnectorTypes(plugin_manager.load()).types
        found = types.get(self.connector.name)
        if found is None:
            pytest.fail(
                f"No installed plugin brings {self.connector.name!r}: run the tests in the folder"
                " of the plugin's pyproject.toml, or install it by pip install --editable."
            )
        return found.plugin
