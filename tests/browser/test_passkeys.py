"""Passkeys in Chromium, with an authenticator that it makes up (WebAuthn section 11)."""

import re

from authgate_testing import BrowserContextFactory
from authgate_testing.live import PASSWORD, LiveServer

USERNAME = "mira.halvorsen"


async def test_somebody_adds_a_passkey_and_signs_in_without_a_password(
    live_server: LiveServer, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory()
    page = await context.new_page()
    devices = await context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    await page.goto(f"{live_server.issuer}/account/security")
    await page.get_by_label("Email or user name").fill(USERNAME)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url(re.compile("/account/security"))

    await page.get_by_label("What you call it").fill("Laptop")
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_role("heading", name="Your recovery codes").wait_for()
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_text("Laptop").first.wait_for()
    await page.get_by_role("button", name="Sign out").click()

    await page.goto(f"{live_server.issuer}/account/security")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.get_by_role("heading", name="Two-step sign-in").wait_for()
