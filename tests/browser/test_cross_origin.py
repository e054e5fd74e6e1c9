"""A page of another origin signs somebody in by itself, with nothing but fetch; others may not."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from authgate import provisioning
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate_tenants import Tenant, use_tenant
from authgate_testing.listening import listening, settings_for_browsers
from authgate_testing.other_origin import Site, serving
from authgate_testing.server import RunningServer

_PAGE = """<!doctype html><title>Application</title><h1></h1><script type="module">
const issuer = ISSUER, client_id = "page", redirect_uri = `${location.origin}/`;
const say = (text) => { document.querySelector("h1").textContent = text; };
const base64url = (bytes) => btoa(String.fromCharCode(...bytes))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const post = (url, form, headers = {}) => fetch(url, {
  method: "POST", body: new URLSearchParams(form), headers });
try {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const code = new URLSearchParams(location.search).get("code");
  if (location.search === "?ask") {
    const code_verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    sessionStorage.verifier = code_verifier;
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code_verifier));
    location.assign(`${metadata.authorization_endpoint}?` + new URLSearchParams({
      response_type: "code", client_id, redirect_uri, scope: "openid profile",
      code_challenge: base64url(new Uint8Array(hash)), code_challenge_method: "S256" }));
  } else {
    const answer = await post(metadata.token_endpoint, { grant_type: "authorization_code",
      client_id, code, redirect_uri, code_verifier: sessionStorage.verifier });
    const { access_token, error } = await answer.json();
    const person = await (await fetch(metadata.userinfo_endpoint, {
      headers: { Authorization: `Bearer ${access_token}` } })).json();
    const asked_before = { DPoP: "not looked at here" };
    await post(metadata.revocation_endpoint, { token: access_token, client_id }, asked_before);
    const ended = await fetch(metadata.userinfo_endpoint, {
      headers: { Authorization: `Bearer ${access_token}` } });
    const told = ended.headers.get("WWW-Authenticate") ?? "nothing";
    say(`Hello ${person.name}, then ${ended.status} ${told.split(" ")[0]}`);
  }
} catch (error) { say(`Refused: ${error.name}`); }
</script>"""


@pytest.fixture
def settings(sqlite_settings: DatabaseSettings, tmp_path: Path) -> Settings:
    return settings_for_browsers(sqlite_settings, tmp_path)


@pytest.fixture
async def listener(server: RunningServer, settings: Settings) -> AsyncIterator[None]:
    async with listening(server.transport.app, settings.base_url):
        yield


@pytest.fixture
def application(acme: Tenant) -> Iterator[str]:
    """A page that signs people in at acme; its origin."""
    content = _PAGE.replace("ISSUER", json.dumps(acme.issuer)).encode()

    class Application(Site):
        def answer(self, sent: bytes) -> None:
            self.page(content)

    with serving(Application) as origin:
        yield origin


@pytest.mark.usefixtures("listener", "alice")
async def test_a_page_signs_a_person_in_with_fetch_and_one_of_another_origin_is_refused(
    server: RunningServer, acme: Tenant, application: str, browser_page: Page
) -> None:
    with use_tenant(acme):
        draft = ClientDraft(
            name="Acme Page",
            client_id="page",
            grant_types=["authorization_code"],
            scopes=["openid", "profile"],
            redirect_uris=[f"{application}/"],
            public=True,
        )
        await provisioning.add_client(server.parts, draft)
    await browser_page.goto(f"{application}/?ask")
    await browser_page.fill("#username", "alice")
    await browser_page.fill("#password", "correct-horse-battery-staple")
    await browser_page.get_by_role("button", name="Continue").click()
    await browser_page.get_by_role("button", name="Allow").click()
    await expect(browser_page.locator("h1")).to_have_text(
        "Hello Alice Liddell, then 401 Bearer", timeout=10_000
    )
    # The very same page, from where no client is registered.
    await browser_page.goto(application.replace("127.0.0.1", "localhost") + "/?code=x")
    await expect(browser_page.locator("h1")).to_have_text("Refused: TypeError")
