"""The pages in Chromium, with the headers the server sends: accessible, narrow, silent, and of
use without script. WCAG 2.2 AA as far as axe can see."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import ConsoleMessage, Page

from authgate_testing import BrowserContextFactory

Axe = Callable[..., Awaitable[list[str]]]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_RIGHT_TO_LEFT = "document.documentElement.dir = 'rtl'"
# WCAG 1.4.12: what a reader may do to the text without losing any of it.
_TEXT_SPACING = """for (const element of document.querySelectorAll("*")) {
  element.style.lineHeight = "1.5"; element.style.letterSpacing = "0.12em";
  element.style.wordSpacing = "0.16em";
}"""


@pytest.mark.parametrize("mode", ["light", "dark"])
async def test_every_page_is_accessible_and_leaves_the_console_empty(
    mode: str,
    distinct: list[str],
    gallery_url: str,
    browser_context_factory: BrowserContextFactory,
    axe_violations: Axe,
) -> None:
    context = await browser_context_factory(color_scheme=mode, viewport=_size(1280))
    page = await context.new_page()
    found = _complaints(page)
    for name in distinct:
        await page.goto(f"{gallery_url}/{name}")
        # In the dark the same page has other colours, and nothing else that is other.
        rule = "color-contrast" if mode == "dark" else ""
        found += [f"{name}: {violation}" for violation in await axe_violations(page, rule=rule)]

    assert found == []


async def test_an_open_confirmation_is_accessible(
    gallery_url: str, browser_page: Page, axe_violations: Axe
) -> None:
    await browser_page.goto(f"{gallery_url}/sessions")
    await browser_page.get_by_role("button", name="Sign out everywhere else (3)").click()

    await browser_page.get_by_role("alertdialog", name="Sign out of 3 other places?").wait_for()
    assert await axe_violations(browser_page) == []

    await browser_page.goto(f"{gallery_url}/apps")
    await browser_page.get_by_role("button", name="Remove Hall display").click()
    await browser_page.get_by_role("alertdialog", name="Remove Hall display?").wait_for()
    assert await axe_violations(browser_page) == []


async def test_no_page_is_wider_than_a_small_telephone(
    distinct: list[str], gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(viewport=_size(320))
    page = await context.new_page()
    for name in distinct:
        await page.goto(f"{gallery_url}/{name}")
        for change in ("", _RIGHT_TO_LEFT, _TEXT_SPACING):
            over = await page.evaluate(f"() => {{ {change}; return {_OVERFLOW} }}")
            assert over == 0, f"{name} {change}"


async def test_the_policy_forbids_inline_script_and_markup_from_script(
    gallery_url: str, browser_page: Page
) -> None:
    await browser_page.goto(f"{gallery_url}/login")
    refused = await browser_page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.append("window.ran = true");
          document.body.append(script);
          let markup = "allowed";
          try { document.body.innerHTML = "<b>x</b>"; } catch { markup = "refused"; }
          return [window.ran ?? "refused", markup];
        }"""
    )
    assert refused == ["refused", "refused"]


async def test_without_script_a_device_can_be_denied_and_not_approved_by_accident(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{gallery_url}/confirm")
    tick = page.get_by_role("checkbox", name="I started this sign-in myself")

    await page.get_by_role("button", name="Approve device").click()
    assert page.url.endswith("/confirm"), "approved without the tick"

    async with page.expect_request("**/device/confirm") as denied:
        await tick.press("Enter")
    assert "decision=deny" in (await denied.value).post_data_buffer.decode()  # type: ignore[union-attr]


async def test_without_script_a_ticked_device_is_approved(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{gallery_url}/confirm")
    await page.get_by_role("checkbox", name="I started this sign-in myself").check()

    async with page.expect_request("**/device/confirm") as approved:
        await page.get_by_role("button", name="Approve device").click()
    sent = (await approved.value).post_data or ""
    assert "mine=1" in sent
    assert "decision=approve" in sent
    assert "user_code=WDJB-MJHT" in sent
    assert "csrf_token=csrf-of-this-visit" in sent


async def test_without_script_the_other_sessions_are_signed_out_after_a_question(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{gallery_url}/sessions")
    sure = page.get_by_role("button", name="Sign out 3 places")
    assert not await sure.is_visible()

    await page.get_by_role("button", name="Sign out everywhere else (3)").click()
    async with page.expect_request("**/account/sessions/end-others") as ended:
        await sure.click()
    assert (await ended.value).method == "POST"


async def test_without_script_nothing_is_offered_that_needs_it(
    distinct: list[str], gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(java_script_enabled=False)
    page = await context.new_page()
    for name in distinct:
        await page.goto(f"{gallery_url}/{name}")
        offered, times = await page.evaluate(
            """() => [
              [...document.querySelectorAll("[data-script]")].filter(it => it.checkVisibility()),
              [...document.querySelectorAll("time")].map(it => it.textContent),
            ]"""
        )
        assert offered == [], name
        assert [time for time in times if not time.endswith(" UTC")] == [], name


async def test_the_password_can_be_shown(gallery_url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{gallery_url}/login")
    password = browser_page.get_by_label("Password", exact=True)
    await password.fill("correct horse")
    show = browser_page.get_by_role("button", name="Show password")

    await show.click()
    assert await password.get_attribute("type") == "text"
    assert await show.get_attribute("aria-pressed") == "true"
    await show.click()
    assert await password.get_attribute("type") == "password"


async def test_the_code_gets_its_dash_while_it_is_typed(
    gallery_url: str, browser_page: Page
) -> None:
    await browser_page.goto(f"{gallery_url}/enter-code")
    code = browser_page.get_by_label("Code", exact=True)

    await code.press_sequentially("wdjbmjht")
    assert await code.input_value() == "WDJB-MJHT"
    for _ in range(4):
        await code.press("Backspace")
    assert await code.input_value() == "WDJB"


async def test_the_mode_can_be_switched_and_is_remembered(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(color_scheme="light")
    page = await context.new_page()
    await page.goto(f"{gallery_url}/login")
    await page.get_by_role("button", name="Switch between light and dark").click()

    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert await page.evaluate(ground) == "rgb(12, 13, 16)"
    cookies = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    assert cookies == {"theme": "dark"}


async def test_a_tenants_pages_wear_its_brand(gallery_url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{gallery_url}/login")
    button = browser_page.get_by_role("button", name="Continue")
    ground = await button.evaluate("button => getComputedStyle(button).backgroundColor")
    assert ground == "rgb(11, 122, 91)"


async def test_the_request_id_can_be_copied(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await page.goto(f"{gallery_url}/error-500")
    await page.get_by_role("button", name="Copy the request id").click()

    await page.get_by_role("status").get_by_text("Request id copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == "0192f3a7c1"


async def test_times_become_the_readers_own(gallery_url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{gallery_url}/sessions")
    assert "Last active 2 hours ago" in await browser_page.locator("main").inner_text()


async def test_the_keyboard_reaches_the_content_first(gallery_url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{gallery_url}/error-404")
    await browser_page.keyboard.press("Tab")
    await browser_page.keyboard.press("Enter")
    assert await browser_page.evaluate("document.activeElement.id") == "main"


def _complaints(page: Page) -> list[str]:
    """What the browser has to say of the page, as it says it."""
    heard: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        heard.append(f"{page.url}: {message.text}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: heard.append(f"failed: {request.url}"))
    return heard


def _size(width: int) -> dict[str, int]:
    return {"width": width, "height": 860}
