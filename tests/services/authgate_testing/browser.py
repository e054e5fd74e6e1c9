"""Chromium for the tests of pages, driven by Playwright, and axe to judge them by."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from authgate_testing.programs import find
from authgate_testing.secrets_watch.watch import WATCH

BrowserContextFactory = Callable[..., Awaitable[BrowserContext]]

_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_NOTHING_ELSE = {
    "preload": False,
    "resultTypes": ["violations"],
    "selectors": False,
    "elementRef": False,
}
"""What is right needs no words, and takes longer to tell than to find. Nothing plays by itself, so
what is linked is not loaded again."""

_JUDGE = """async options => {
  const {violations} = await axe.run(options);
  return violations.flatMap(({id, impact, help, nodes}) =>
    nodes.map(({html}) => `${id} (${impact}): ${help}: ${html}`));
}"""
# The browser belongs to the test alone: no sandbox to nest in a container, and no calls home.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page lives for a second: what axe runs once is not worth compiling well, nor its garbage
    # worth collecting. It takes two thirds of the time.
    "--js-flags=--no-opt,--no-maglev,--min-semi-space-size=64,--max-semi-space-size=128",
)


def chromium_program() -> Path:
    """Return the browser's program; AUTHGATE_TEST_CHROMIUM names another; or MissingProgram."""
    if named := os.environ.get("AUTHGATE_TEST_CHROMIUM"):
        return Path(named)
    return find(
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        package="chromium",
    )


@asynccontextmanager
async def browser_running(program: Path) -> AsyncIterator[Browser]:
    """Run one browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, headless=True, args=_ARGUMENTS
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def browser_contexts(browser: Browser) -> AsyncIterator[BrowserContextFactory]:
    """Give out separate people: contexts that share no cookie, closed at the end."""
    async with AsyncExitStack() as people:

        async def new_context(**options: Any) -> BrowserContext:
            context = await browser.new_context(**options)
            people.push_async_callback(context.close)
            people.push_async_callback(_note_cookies, context)
            return context

        yield new_context


async def _note_cookies(context: BrowserContext) -> None:
    for cookie in await context.cookies():
        if cookie["name"].removeprefix("__Host-").startswith("authgate_"):
            WATCH.note(f"cookie {cookie['name']}", cookie["value"])


async def axe_violations(page: Page, *, rule: str = "") -> list[str]:
    """Return what axe finds wrong with the page as it stands, one line for each element; by one
    rule where it is given."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    kind, values = ("rule", [rule]) if rule else ("tag", list(_RULES))
    found: list[str] = await page.evaluate(
        _JUDGE, {"runOnly": {"type": kind, "values": values}, **_NOTHING_ELSE}
    )
    return found
