"""Signing in to an application in a real browser, which the application takes back."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from playwright.async_api import Page, Route

from authgate import installation
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.storage.sign_in.connection_rules import ConnectionRules, Newcomers
from authgate_tenants import use_tenant
from authgate_testing import BrowserContextFactory
from authgate_testing.application import challenge
from authgate_testing.live import PASSWORD, Host, LiveServer
from authgate_testing.other_origin import Site, serving
from authgate_testing.processes import LOOPBACK
from authgate_testing.saml_provider import SamlProvider

Axe = Callable[[Page], Awaitable[list[str]]]
USERNAME = "mira.halvorsen"
VERIFIER = "v" * 43


@dataclass(slots=True)
class Program:
    """A program on the person's machine that waits for its answer."""

    origin: str = ""
    goes_on: bool = False
    """Whether it sends the browser on to another origin when it has its answer."""
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Each answer, and how it came."""

    @property
    def redirect_uri(self) -> str:
        """Where it listens."""
        return f"{self.origin}/callback"

    @property
    def home(self) -> str:
        """Its page on another origin."""
        return self.origin.replace(LOOPBACK, "localhost") + "/home"

    def asks(self, server: LiveServer, client_id: str, **more: str) -> str:
        """Where it sends the browser."""
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile read",
            "state": "st4te",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        }
        return f"{server.issuer}/oauth/authorize?{urlencode(asked | more)}"

    async def redeem(self, server: LiveServer, client_id: str) -> httpx2.Response:
        """Redeem the code that came last."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            return await http.post(
                f"{server.issuer}/oauth/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": client_id,
                    "code": self.told[-1][1]["code"],
                    "redirect_uri": self.redirect_uri,
                    "code_verifier": VERIFIER,
                },
            )


@pytest.fixture
def program() -> Iterator[Program]:
    """A program that listens."""

    listening = Program()

    class Listener(Site):
        def answer(self, sent: bytes) -> None:
            said = sent.decode() or urlsplit(self.path).query
            if "state" in said:
                answer = {name: values[0] for name, values in parse_qs(said).items()}
                listening.told.append((self.command, answer))
            leads_on = listening.goes_on and self.path.startswith("/callback")
            if leads_on:
                self.send_response(303)
                self.send_header("Location", listening.home)
                self.end_headers()
            else:
                self.page(b"<!doctype html><title>Back</title><h1>Back in the program</h1>")

    with serving(Listener) as listening.origin:
        yield listening


async def sign_in(page: Page) -> None:
    """Fill in the sign-in page."""
    await page.locator("input[name=username]").fill(USERNAME)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("form button[type=submit]").first.click()


async def is_back(page: Page) -> None:
    """The browser is with the program."""
    await page.get_by_text("Back in the program").wait_for()


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a_person_signs_in_allows_and_is_back(
    live_server: LiveServer,
    program: Program,
    browser_context_factory: BrowserContextFactory,
    axe_violations: Axe,
    response_mode: str,
    script: bool,
) -> None:
    context = await browser_context_factory(java_script_enabled=script)
    page = await context.new_page()
    client_id, _ = live_server.applications
    await page.goto(program.asks(live_server, client_id, response_mode=response_mode))
    await page.wait_for_url(re.compile("/login"))
    assert "Fleet App" in await page.locator("main").inner_text()
    await sign_in(page)
    await page.get_by_role("button", name="Allow").wait_for()
    if script:
        assert await axe_violations(page) == []
    await page.get_by_role("button", name="Allow").click()
    if response_mode == "form_post" and not script:
        await page.get_by_role("button", name="Continue").click()
    await is_back(page)
    how, answer = program.told[-1]
    assert how == ("POST" if response_mode == "form_post" else "GET")
    assert answer["state"] == "st4te"
    assert answer["iss"] == live_server.issuer
    assert (await program.redeem(live_server, client_id)).status_code == 200


async def test_an_answer_that_another_site_has_the_browser_post_leads_to_the_program(
    live_host: Host, live_server: LiveServer, program: Program, browser_page: Page
) -> None:
    """Chromium sends no ``SameSite=Lax`` cookie with such a form, and holds ``form-action`` of the
    page that posts it again against every redirect behind it."""
    provider, asked = SamlProvider(host="idp.example"), []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        form = provider.approve(route.request.url)
        callback = f"{live_server.issuer}/login/idp/callback"
        fields = "".join(f'<input name="{name}" value="{form[name]}">' for name in form)
        await route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{callback}">{fields}</form>'
            "<script>document.forms[0].submit()</script>",
        )

    async with installation.opened(live_host.settings) as parts:
        tenant = await parts.resolver.find(live_server.issuer.rpartition("/")[2])
        assert tenant is not None
        with use_tenant(tenant):
            await ConnectionSetup(
                connectors=parts.plugins.connectors, encryption=parts.encryption
            ).add(
                slug="idp",
                connector="saml",
                config={"metadata": provider.metadata()},
                rules=ConnectionRules(newcomers=Newcomers.WELCOME),
            )

    async def leave(route: Route) -> None:
        # What a redirect leads to is not routed, what a page leads to is.
        left = await route.fetch(max_redirects=0)
        leads = f'<meta http-equiv="refresh" content="0; url={escape(left.headers["location"])}">'
        await route.fulfill(content_type="text/html", body=leads)

    await browser_page.route(re.compile(r"/login/idp\?"), leave)
    await browser_page.route("https://idp.example/**", answer)
    _, own = live_server.applications
    await browser_page.goto(program.asks(live_server, own))
    await browser_page.get_by_role("link", name="SAML 2.0").click()
    await is_back(browser_page)
    assert len(asked) == 1
    assert (await program.redeem(live_server, own)).status_code == 200


async def test_the_sign_in_page_itself_may_lead_back_to_the_program(
    live_server: LiveServer, program: Program, browser_page: Page
) -> None:
    """Chromium holds ``form-action`` against every redirect that follows a form."""
    _, own = live_server.applications
    await browser_page.goto(program.asks(live_server, own))
    await sign_in(browser_page)
    await is_back(browser_page)
    assert (await program.redeem(live_server, own)).status_code == 200


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
@pytest.mark.parametrize("asks", [True, False], ids=["consent", "sign-in"])
async def test_a_program_may_send_the_browser_on_to_another_origin(
    live_server: LiveServer,
    program: Program,
    browser_page: Page,
    response_mode: str,
    asks: bool,
) -> None:
    program.goes_on = True
    asked, own = live_server.applications
    client_id = asked if asks else own
    await browser_page.goto(program.asks(live_server, client_id, response_mode=response_mode))
    await sign_in(browser_page)
    if asks:
        await browser_page.get_by_role("button", name="Allow").click()
    await is_back(browser_page)
    assert browser_page.url == program.home


async def test_enter_on_the_consent_page_denies(
    live_server: LiveServer, program: Program, browser_page: Page
) -> None:
    client_id, _ = live_server.applications
    await browser_page.goto(program.asks(live_server, client_id))
    await sign_in(browser_page)
    deny = browser_page.get_by_role("button", name="Deny")
    await deny.focus()
    await deny.press("Enter")
    await is_back(browser_page)
    assert program.told[-1][1]["error"] == "access_denied"


async def test_without_script_a_person_takes_back_what_a_program_may_do(
    live_server: LiveServer, program: Program, browser_context_factory: BrowserContextFactory
) -> None:
    page = await (await browser_context_factory(java_script_enabled=False)).new_page()
    client_id, _ = live_server.applications
    await page.goto(program.asks(live_server, client_id, scope="openid read offline_access"))
    await sign_in(page)
    await page.get_by_role("button", name="Allow").click()
    await is_back(page)
    tokens = (await program.redeem(live_server, client_id)).json()
    await page.goto(f"{live_server.issuer}/account/apps")
    text = await page.locator("main").inner_text()
    assert "Fleet App" in text
    assert "Read your data" in text
    sure = page.get_by_role("button", name="Remove", exact=True)
    await page.get_by_role("button", name="Remove Fleet App").click()
    await sure.click()
    await page.get_by_text("Nothing has access to your account.").wait_for()
    async with httpx2.AsyncClient(trust_env=False) as http:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        answer = await http.post(
            f"{live_server.issuer}/oauth/token", data=form | {"client_id": client_id}
        )
    assert answer.json()["error"] == "invalid_grant"
