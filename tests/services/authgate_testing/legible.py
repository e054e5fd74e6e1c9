"""Whether what pages say can be read on its ground: asked of whatever looks like nothing before.

To judge the contrast of every word of every page takes longer than all other rules together, and
colours come from a few tokens. So an element is asked when it has a look that none had on the pages
before: what it is, what gives it its colour and its ground, and which these are. In the dark, the
same elements are asked again.
"""

from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import BrowserContext, Page

from authgate_testing.browser import axe_violations

_LOOKS = """
axe.configure({rules: [{id: "color-contrast", selector: "[data-asked]"}]});

window.looks = () => {
  const called = element => `${element.localName}.${element.getAttribute("class") ?? ""}`;
  // What axe cannot judge, because something is drawn behind it, says nothing of it elsewhere.
  const draws = (element, part) => getComputedStyle(element, part).content !== "none";
  const known = new Map([[null, {color: "", ground: "", opacity: 1, decorated: false}]]);
  const of = element => {
    if (known.has(element)) return known.get(element);
    const around = of(element.parentElement), style = getComputedStyle(element);
    const bare = style.backgroundColor === "rgba(0, 0, 0, 0)" && style.backgroundImage === "none";
    const ground = `${called(element)} ${style.backgroundColor} ${style.backgroundImage}`;
    const look = {
      color: style.color,
      colored: style.color === around.color ? around.colored : called(element),
      ground: bare ? around.ground : ground,
      opacity: around.opacity * style.opacity,
      decorated: around.decorated || draws(element, "::before") || draws(element, "::after"),
      letters: `${style.fontSize} ${style.fontWeight}`,
    };
    known.set(element, look);
    return look;
  };
  // What cannot be used need not be read: neither it nor its label.
  const disabled = ":disabled, [aria-disabled=true]";
  const useless = element =>
    element.closest(disabled) || element.closest("label")?.control?.matches(disabled);
  const seen = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const speaks = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!speaks && !element.matches("input, select, textarea")) continue;
    if (!element.checkVisibility({visibilityProperty: true}) || useless(element)) continue;
    const look = `${called(element)} ${Object.values(of(element)).join(" ")}`;
    seen.set(look, [...seen.get(look) ?? [], element]);
  }
  return window.seen = seen;
};"""
_ASK = """unseen => {
  for (const look of unseen) {
    for (const element of window.seen.get(look)) element.setAttribute("data-asked", "");
  }
}"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at one page after the other, in the light and in the dark."""

    seen: set[str] = field(default_factory=set)

    async def violations(self, page: Page) -> list[str]:
        """What axe finds wrong with a page, which is lit when it comes and dark when it goes, if
        there was something new."""
        unseen = [
            look for look in await page.evaluate("[...looks().keys()]") if look not in self.seen
        ]
        self.seen.update(unseen)
        await page.evaluate(_ASK, unseen)
        found = await axe_violations(page)
        if unseen:
            await page.emulate_media(color_scheme="dark")
            found += await axe_violations(page, rule="color-contrast")
            await page.emulate_media(color_scheme="light")
        return found


async def reading(context: BrowserContext) -> Reader:
    """Give each page of these people what a reader asks it with: sent once, not to each page."""
    await context.add_init_script(f"{AXE_SCRIPT}\n{_LOOKS}")
    return Reader()
