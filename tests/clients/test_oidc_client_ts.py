"""oidc-client-ts signs a person in and out on a page of another origin, in a real browser."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate_testing.issuers import Issuer
from authgate_testing.live import PASSWORD
from authgate_testing.other_origin import Site, serving

NPM = Path(__file__).parent / "npm"


@dataclass(slots=True)
class Application:
    """Serves the application's page."""

    origin: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def file(self, path: str) -> tuple[str, bytes]:
        """Its type and its bytes."""
        if path == "/settings.json":
            return "application/json", json.dumps(self.settings).encode()
        if path == "/oidc-client-ts.min.js":
            library = NPM / "node_modules/oidc-client-ts/dist/browser" / path[1:]
            return "text/javascript", library.read_bytes()
        return "text/html", (NPM / "page.html").read_bytes()


@pytest.fixture
def site(clients_node: Path) -> Iterator[Application]:
    """An origin of its own, whose library was installed."""
    assert clients_node.exists()

    application = Application()

    class Served(Site):
        def answer(self, sent: bytes) -> None:
            kind, content = application.file(urlsplit(self.path).path)
            self.page(content, kind=kind)

    with serving(Served) as application.origin:
        yield application


async def test_a_person_signs_in_stays_signed_in_and_signs_out(
    issuer: Issuer, site: Application, browser_page: Page
) -> None:
    made = await issuer.add(
        ClientDraft(
            name="Fleet page",
            grant_types=["authorization_code", "refresh_token"],
            scopes=["openid", "profile", "offline_access"],
            redirect_uris=[f"{site.origin}/"],
            public=True,
            metadata=ClientMetadata(post_logout_redirect_uris=(f"{site.origin}/?left",)),
        )
    )
    site.settings = {"authority": issuer.url, "client_id": made.client.client_id}
    told = browser_page.locator("h1")
    await browser_page.goto(f"{site.origin}/")
    await browser_page.fill("#username", "mira.halvorsen")
    await browser_page.fill("#password", PASSWORD)
    await browser_page.get_by_role("button", name="Continue").click()
    await browser_page.get_by_role("button", name="Allow").click()
    await expect(told).to_have_text("Hello Mira Halvorsen", timeout=10_000)
    await browser_page.get_by_role("button", name="Renew").click()
    await expect(told).to_have_text("Still Mira Halvorsen", timeout=10_000)
    assert json.loads(await browser_page.locator("pre").inner_text()) == {
        "renewed": True,
        "rotated": True,
    }
    await browser_page.get_by_role("button", name="Sign out").click()
    await expect(told).to_have_text("Goodbye", timeout=10_000)
    await browser_page.goto(f"{site.origin}/")
    await browser_page.locator("#username").wait_for()
