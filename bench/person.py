"""A person at AuthGate's pages: signs in, and lets devices act for them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin

import httpx2

from authgate.cli.sign_in import headless_browser
from authgate.cli.sign_in.device_flow import DeviceFlow
from authgate.cli.sign_in.headless_browser import Browser
from bench.exchange import Request
from bench.site import Credentials

SCOPE = "openid profile email"
_SECONDS = 60.0
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in, at the pages of one issuer."""

    issuer: str
    username: str
    password: str

    def access_token(self, device: Credentials) -> str:
        """A token with which *device* speaks for this person. Raises `SignInFailed`."""

        async def approved(browser: httpx2.AsyncClient) -> str:
            async with httpx2.AsyncClient(timeout=_SECONDS) as http:
                flow = DeviceFlow(http, client_id=device.client_id)
                endpoints = await flow.discover(self.issuer)
                shown = await flow.begin(endpoints, scope=SCOPE)
                await headless_browser.approve(
                    browser, shown, username=self.username, password=self.password
                )
                return (await flow.approved(endpoints, shown)).access_token

        return _with_browser(approved)

    def sign_in(self) -> Request:
        """The sign-in form, filled in."""

        async def filled_in(browser: httpx2.AsyncClient) -> Request:
            page = Browser(browser)
            await page.open(self._login_page)
            form = page.form_with("password")
            if form is None:
                raise headless_browser.PageRefused("No page asks for a password.")
            typed = form.fields | {"username": self.username, "password": self.password}
            url = urljoin(self._login_page, form.action)
            return Request.form(url, **typed).with_header("Cookie", _cookies(browser))

        return _with_browser(filled_in)

    @property
    def cookie(self) -> str:
        """What the browser sends after the sign-in."""

        async def signed_in(browser: httpx2.AsyncClient) -> str:
            page = Browser(browser)
            await page.open(self._login_page)
            await page.send(username=self.username, password=self.password)
            return _cookies(browser)

        return _with_browser(signed_in)

    @property
    def _login_page(self) -> str:
        return f"{self.issuer}/login"


def _with_browser(visit: Callable[[httpx2.AsyncClient], Awaitable[Found]]) -> Found:
    async def at_the_pages() -> Found:
        async with httpx2.AsyncClient(timeout=_SECONDS) as browser:
            return await visit(browser)

    return asyncio.run(at_the_pages())


def _cookies(browser: httpx2.AsyncClient) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
