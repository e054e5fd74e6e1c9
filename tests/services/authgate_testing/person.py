"""A person with a browser: fills in forms as the pages show them, without script."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

import httpx2

PASSWORD = "correct-horse-battery-staple"
"""Of people who exist in tests only."""

_FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
_INPUT = re.compile(r'<input\b[^>]*\btype="(?:hidden|checkbox)"[^>]*>')
_UNTICKED = re.compile(r'type="checkbox"(?!.* checked\b)')
_LANGUAGE = "/language"
_ATTRIBUTE = re.compile(r'([a-z_-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page: where it goes, and what it sends unseen or is ticked already."""

    action: str
    hidden: dict[str, str]


def forms(html: str) -> list[Form]:
    """The forms of a page, in their order, without the one that chooses another language: it is on
    all of them."""
    return [each for each in _forms(html) if not each.action.endswith(_LANGUAGE)]


def language_form(html: str) -> Form:
    """The one that chooses another language."""
    return next(each for each in _forms(html) if each.action.endswith(_LANGUAGE))


def _forms(html: str) -> list[Form]:
    return [_form(each) for each in _FORM.findall(html)]


def _form(html: str) -> Form:
    opening = dict(_ATTRIBUTE.findall(html[: html.index(">")]))
    sent = [each for each in _INPUT.findall(html) if not _UNTICKED.search(each)]
    hidden: dict[str, str] = {}
    for each in map(dict, map(_ATTRIBUTE.findall, sent)):
        hidden.setdefault(each["name"], unescape(each.get("value", "")))
    return Form(action=unescape(opening["action"]), hidden=hidden)


@dataclass(slots=True)
class Person:
    """Somebody at a browser."""

    http: httpx2.AsyncClient
    page: httpx2.Response | None = None

    async def visit(self, url: str) -> httpx2.Response:
        """Open an address, following redirects."""
        self.page = await self.http.get(url, follow_redirects=True)
        return self.page

    async def submit(
        self, fields: dict[str, str], *, to: str = "", follow: bool = True
    ) -> httpx2.Response:
        """Send the page's form whose address ends with ``to``, with these fields filled in."""
        assert self.page is not None
        form = next(each for each in forms(self.page.text) if each.action.endswith(to))
        self.page = await self.http.post(
            urljoin(str(self.page.url), form.action),
            data=form.hidden | fields,
            follow_redirects=follow,
        )
        return self.page

    async def sign_in(
        self, issuer: str, username: str, password: str = PASSWORD, **more: str
    ) -> httpx2.Response:
        """Sign in with a password, and what else the form may send."""
        await self.visit(f"{issuer}/login")
        typed = {"username": username, "password": password}
        return await self.submit(typed | more, to="/login")
