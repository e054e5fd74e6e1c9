"""A person who opens every page there is a way to, and sends every form on it once."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2

from authgate_tenants import Tenant
from authgate_testing.matrix.routes import Routes

_SAME_KIND = 12
"""Pages of one route that are opened: they may differ by what their thing has come to."""
_TRIES = 4
_UNTYPED = ("submit", "button", "reset", "image", "file")


class Button(NamedTuple):
    """What sends a form."""

    name: str = ""
    value: str = ""
    action: str = ""
    """Where to, if not to where the form goes."""


@dataclass(slots=True)
class Form:
    """A form, with what it sends by itself, and the buttons that send it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)


class Page(HTMLParser):
    """What a page leads to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._named: dict[str, Form] = {}
        self._late: list[tuple[str, tuple[str, str] | Button]] = []
        self._form: Form | None = None
        self._select = ""
        self._area: list[str] | None = None
        self.feed(html)
        for owner, each in self._late:
            _put(self._named.get(owner), each)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.links += [said[name] for name in ("data-live", "data-live-from") if said.get(name)]
        if tag == "option" and self._select:
            self._option(said)
        match tag:
            case "a" | "iframe":
                self.links += [said[name] for name in ("href", "src") if name in said]
            case "form":
                self._form = Form(said.get("action", ""), said.get("method", "get").lower())
                self.forms.append(self._form)
                self._named[said.get("id", "")] = self._form
            case "input":
                self._input(said)
            case "button" if said.get("type") != "button":
                pressed = said.get("name", ""), said.get("value", ""), said.get("formaction", "")
                self._add(said, Button(*pressed))
            case "select":
                self._select = said.get("name", "")
            case "textarea":
                self._select, self._area = said.get("name", ""), []

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "textarea" and self._area is not None:
            self._add({}, (self._select, "".join(self._area).removeprefix("\n")))
            self._area = None
        if tag in ("select", "textarea"):
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

    def _option(self, said: Mapping[str, str]) -> None:
        """The one that is chosen, or else the first."""
        known = self._form.fields if self._form is not None else []
        if "selected" in said or self._select not in dict(known):
            known[:] = [each for each in known if each[0] != self._select]
            self._add({}, (self._select, said.get("value", "")))

    def _input(self, said: Mapping[str, str]) -> None:
        kind, name = said.get("type", "text"), said.get("name", "")
        chosen = "checked" in said or "required" in said or "form" in said
        if name and kind not in _UNTYPED and (chosen or kind not in ("checkbox", "radio")):
            self._add(said, (name, said.get("value", "")))

    def _add(self, said: Mapping[str, str], each: tuple[str, str] | Button) -> None:
        if "form" in said:
            self._late.append((said["form"], each))
        else:
            _put(self._form, each)


def _put(form: Form | None, each: tuple[str, str] | Button) -> None:
    if form is not None and isinstance(each, Button):
        form.buttons.append(each)
    elif form is not None:
        form.fields.append((each[0], each[1]))


@dataclass(slots=True)
class Visitor:
    """Somebody at a browser who is curious."""

    http: httpx2.AsyncClient
    tenant: Tenant
    routes: Routes
    typed: Mapping[str, str]
    """What they type into fields that are empty, by the field's name."""
    undone: Callable[[httpx2.AsyncClient], AbstractAsyncContextManager[None]]
    """Around what they do: afterwards it is as if they had not."""
    _waiting: deque[str] = field(default_factory=deque)
    _known: Counter[tuple[object, ...]] = field(default_factory=Counter)
    _sent: set[tuple[object, ...]] = field(default_factory=set)

    async def everywhere(self) -> None:
        """Open whatever can be opened as it is, and whatever that leads to."""
        self._waiting += (f"{self.tenant.issuer}{path}" for path in self.routes.pages())
        while self._waiting:
            url = self._waiting.popleft()
            if self._is_new(url):
                await self.look_at(await self.http.get(url))

    async def look_at(self, answer: httpx2.Response) -> None:
        """Send the forms of a page, and note where it leads."""
        url = str(answer.url)
        if answer.is_redirect:
            self._waiting.append(urljoin(url, answer.headers["location"]))
        elif answer.headers.get("content-type", "").startswith("text/html"):
            page = Page(answer.text)
            self._waiting += (urljoin(url, link) for link in page.links)
            for form in page.forms:
                for button in form.buttons or [Button()]:
                    await self._send(url, form, button)

    def _is_new(self, url: str) -> bool:
        """Whether a page is one of the tenant's, and not one more of a kind that is known."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(self.tenant.prefix)
        if not url.startswith(self.tenant.issuer) or path.startswith("/static/"):
            return False
        route = self.routes.of("GET", path)
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        keys = [(route, name) for name in names or [""]]
        is_new = any(self._known[key] < (1 if names else _SAME_KIND) for key in keys)
        self._known.update([*keys, (url,)])
        return is_new and self._known[(url,)] == 1

    async def _send(self, url: str, form: Form, button: Button) -> None:
        target = urljoin(url, button.action or form.action)
        path = urlsplit(target).path.removeprefix(self.tenant.prefix)
        fields = [(name, value or self.typed.get(name, "")) for name, value in form.fields]
        fields += [button[:2]] if button.name else []
        names = tuple(sorted({name.partition("-")[0] for name, _ in fields}))
        key = (self.routes.of(form.method.upper(), path), names, button.name, button.value)
        self._known[key] += 1
        if (
            key in self._sent
            or self._known[key] > _TRIES
            or not target.startswith(self.tenant.issuer)
        ):
            return
        if form.method == "get":
            self._waiting.append(f"{target}?{urlencode(fields)}")
            return
        async with self.undone(self.http):
            answer = await self.http.post(target, data=dict(fields))
            if answer.status_code < 400:
                self._sent.add(key)
                await self._see_what_came_of_it(answer)

    async def _see_what_came_of_it(self, answer: httpx2.Response) -> None:
        """As it may be seen only now. What it leads to may never have been afterwards."""
        seen = replace(self, _waiting=deque())
        target = urljoin(str(answer.url), answer.headers.get("location", ""))
        if not answer.is_redirect:
            await seen.look_at(answer)
        elif self._is_new(target):
            await seen.look_at(await self.http.get(target))
