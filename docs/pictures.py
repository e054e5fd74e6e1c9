"""Takes the pictures of the documentation from a running demo: ``python docs/pictures.py``.

Run it in the folder in which ``authgate demo`` was started. The program of the browser is
Playwright's, or the one that AUTHGATE_TEST_CHROMIUM names.
"""

import asyncio
import base64
import os
import sys
from pathlib import Path

import httpx2
from playwright.async_api import Browser, Page, async_playwright

from authgate.cli.demo.site import DEVICE_CLIENT, DEVICE_SCOPES, SEEDS, Access, DemoSite

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 560, 1040
WIDE, LOW = 1180, 780
SCHEMES = ("light", "dark")

_DEVICE = "fleet/2.4.1 (Linux; x86_64)"
_BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
_OTHERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36",
)
_GROUND = {"light": "#e9eaee", "dark": "#000000"}


async def take(site: DemoSite, images: Path = IMAGES) -> None:
    """Take the pictures in each mode: the three pages side by side, the device's alone, and the
    console."""
    slug = SEEDS[0].slug
    issuer, access = site.issuer(slug), site.tenants[slug]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("AUTHGATE_TEST_CHROMIUM"), args=["--no-sandbox"]
        )
        for agent in _OTHERS:
            await _sign_in(await browser.new_page(user_agent=agent), issuer, access)
        for scheme in SCHEMES:
            shots = await _pages(browser, issuer, access, scheme)
            picture = await _side_by_side(browser, shots, scheme)
            (images / f"pages-{scheme}.png").write_bytes(picture)
            (images / f"device-{scheme}.png").write_bytes(shots[1])
        for scheme in SCHEMES:
            picture = await _console(browser, issuer, access, scheme)
            (images / f"console-{scheme}.png").write_bytes(picture)
        await browser.close()


async def _pages(browser: Browser, issuer: str, access: Access, scheme: str) -> list[bytes]:
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        user_agent=_BROWSER,
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=1.5,
    )
    page = await context.new_page()
    await page.goto(f"{issuer}/login")
    await page.locator("input[name=username]").fill(access.username)
    shots = [await page.screenshot()]
    await _sign_in(page, issuer, access)
    await page.goto(f"{issuer}/device?user_code={await _user_code(issuer)}")
    await page.locator("input[name=mine]").check()
    shots.append(await page.screenshot())
    await page.goto(f"{issuer}/account/sessions")
    shots.append(await page.screenshot())
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.wait_for_url("**/login**")
    await context.close()
    return shots


async def _console(browser: Browser, issuer: str, access: Access, scheme: str) -> bytes:
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": WIDE, "height": LOW},
    )
    page = await context.new_page()
    await _sign_in(page, issuer, access)
    await page.goto(f"{issuer}/admin")
    picture = await page.screenshot()
    await context.close()
    return picture


async def _sign_in(page: Page, issuer: str, access: Access) -> None:
    await page.goto(f"{issuer}/login")
    await page.locator("input[name=username]").fill(access.username)
    await page.locator("input[name=password]").fill(access.password)
    await page.locator("form button[type=submit]").first.click()
    await page.wait_for_url("**/account/sessions")


async def _user_code(issuer: str) -> str:
    async with httpx2.AsyncClient(headers={"User-Agent": _DEVICE}, trust_env=False) as http:
        answer = await http.post(
            f"{issuer}/oauth/device/code",
            data={"client_id": DEVICE_CLIENT, "scope": " ".join(DEVICE_SCOPES)},
        )
    code: str = answer.json()["user_code"]
    return code


async def _side_by_side(browser: Browser, shots: list[bytes], scheme: str) -> bytes:
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}" width="{WIDTH}">'
        for shot in shots
    )
    style = (
        f"body {{ margin: 0; padding: 24px; display: flex; gap: 24px; width: max-content;"
        f" align-items: start;"
        f" background: {_GROUND[scheme]} }} img {{ display: block; border-radius: 12px }}"
    )
    page = await browser.new_page(device_scale_factor=1)
    await page.set_content(f"<!doctype html><style>{style}</style><body>{images}</body>")
    picture = await page.locator("body").screenshot()
    await page.close()
    return picture


def main() -> int:
    """Take the pictures of the demo that was started here."""
    site = DemoSite.remembered()
    if site is None:
        sys.stderr.write("There is no demo in this folder: start one with authgate demo.\n")
        return 1
    IMAGES.mkdir(exist_ok=True)
    asyncio.run(take(site))
    return 0


if __name__ == "__main__":
    sys.exit(main())
