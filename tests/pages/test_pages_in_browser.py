"""The pages in Chromium, with the headers the server sends: accessible, narrow, silent, and of
use without script. WCAG 2.2 AA as far as axe can see."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, ViewportSize

from authgate_testing import BrowserContextFactory
from authgate_testing.browser import axe_violations, browser_contexts
from authgate_testing.legible import reading

_FOR_SCRIPT = re.compile(r"<[^>]*\bdata-script\b[^>]*>")
_NAMES = re.compile(r"(?<!class)=\"[^\"]*\"")
"""What is not looked at by the rules that hide such an element: values, but that of its class."""
_TIME = re.compile(r"<time\b[^>]*>(.*?)</time>", re.DOTALL)

# As it is, from right to left, and with what a reader may do to the text without losing any of it
# (WCAG 1.4.12).
_TOO_WIDE = """() => {
  const root = document.documentElement;
  const ways = {
    "as it is": () => {},
    "from right to left": () => { root.dir = "rtl"; },
    "with more space": () => {
      for (const element of document.querySelectorAll("*")) {
        element.style.lineHeight = "1.5"; element.style.letterSpacing = "0.12em";
        element.style.wordSpacing = "0.16em";
      }
    },
  };
  return Object.keys(ways).filter(way => {
    ways[way]();
    return root.scrollWidth > root.clientWidth;
  });
}"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a browser has to say of all pages that it is shown, each of which it loads once."""

    violations: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
async def look(distinct: list[str], gallery_url: str, browser: Browser) -> Look:
    """At every page: in the light, in the dark, and on a small telephone."""
    look = Look()
    async with browser_contexts(browser) as new_context:
        context = await new_context(reduced_motion="reduce", color_scheme="light")
        reader = await reading(context)
        page = await context.new_page()
        _listen(page, look.complaints)
        for name in distinct:
            await page.set_viewport_size(_size(1280))
            await page.goto(f"{gallery_url}/{name}")
            look.violations.extend(f"{name}: {each}" for each in await reader.violations(page))
            await page.set_viewport_size(_size(320))
            look.too_wide.extend([f"{name} {way}" for way in await page.evaluate(_TOO_WIDE)])
    return look


def test_every_page_is_accessible_in_light_and_dark(look: Look) -> None:
    assert look.violations == []


def test_every_page_leaves_the_console_empty(look: Look) -> None:
    assert look.complaints == []


def test_no_page_is_wider_than_a_small_telephone(look: Look) -> None:
    assert look.too_wide == []


async def test_what_is_new_on_a_page_is_found_though_the_rest_was_seen(
    gallery_url: str, browser_context_factory: BrowserContextFactory
) -> None:
    context = await browser_context_factory(reduced_motion="reduce", color_scheme="light")
    reader, page = await reading(context), await context.new_page()
    await page.goto(f"{gallery_url}/console-audit-exports")
    assert await reader.violations(page) == []

    await page.reload()
    await page.evaluate(
        """() => {
          document.querySelector("main .field label").remove();
          document.styleSheets[0].insertRule(".odd { color: light-dark(#111, #222) }");
          document.querySelector("main .page-head p").classList.add("odd");
        }"""
    )
    found = "\n".join(await reader.violations(page))
    assert "select-name (critical): Select element must have an accessible name" in found
    assert re.search(r"^color-contrast \(serious\): .*: <p class=\"odd\"", found, re.MULTILINE)


async def test_an_open_confirmation_is_accessible(gallery_url: str, browser_page: Page) -> None:
    await browser_page.goto(f"{gallery_url}/sessions")
    await browser_page.get_by_role("button", name="Sign out everywhere else (3)").click()

    await browser_page.get_by_role("alertdialog", name="Sign out of 3 other places?").wait_for()
    assert await axe_violations(browser_page) == []

    await browser_page.goto(f"{gallery_url}/apps")
    await browser_page.get_by_role("button", name="Remove Hall display").click()
    await browser_page.get_by_role("alertdialog", name="Remove Hall display?").wait_for()
    assert await axe_violations(browser_page) == []


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
    distinct: list[str],
    show: Callable[[str], str],
    gallery_url: str,
    browser_context_factory: BrowserContextFactory,
) -> None:
    context = await browser_context_factory(java_script_enabled=False)
    page = await context.new_page()
    seen: set[str] = set()
    for name in distinct:
        kinds = {_NAMES.sub("", tag) for tag in _FOR_SCRIPT.findall(show(name))}
        if kinds <= seen:
            continue
        seen |= kinds
        await page.goto(f"{gallery_url}/{name}")
        offered = await page.evaluate(
            """() => [...document.querySelectorAll("[data-script]")]
              .filter(it => it.checkVisibility()).map(it => it.outerHTML)"""
        )
        assert offered == [], name
    assert seen


def test_without_script_times_are_told_in_utc(
    distinct: list[str], show: Callable[[str], str]
) -> None:
    times = {time for name in distinct for time in _TIME.findall(show(name))}
    assert times
    assert [time for time in times if not time.strip().endswith(" UTC")] == []


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


def _listen(page: Page, heard: list[str]) -> None:
    """Note what the browser has to say of the page, as it says it."""

    def on_console(message: ConsoleMessage) -> None:
        heard.append(f"{page.url}: {message.text}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: _note_failed(request, heard))


def _note_failed(request: Request, heard: list[str]) -> None:
    if request.failure != "net::ERR_ABORTED":  # as when the page has been left meanwhile
        heard.append(f"failed: {request.url}: {request.failure}")


def _size(width: int) -> ViewportSize:
    return {"width": width, "height": 860}
