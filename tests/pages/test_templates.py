"""The templates: every page in every state, as HTML."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from authgate.accounts.scope_lines import in_words
from authgate.web.login_view_models import LoginPage, LoginProblem
from authgate.web.pages import Pages
from authgate.web.static_files import StaticFiles
from authgate.web.view_models import (
    ScopeLine,
    Theme,
    Visit,
)
from authgate_tenants.scope import Tenant, use_tenant

Samples = Mapping[str, tuple[str, object]]
Show = Callable[[str], str]
Attributes = dict[str, str | None]

_TEMPLATES = Path(str(files("authgate_templates")))
_SOURCES = sorted(set(_TEMPLATES.rglob("*.html")) - set(_TEMPLATES.glob("mail/*")))
_PARTS = {
    "sign_up_fields.html",
    "document.html",
    "base.html",
    "components.html",
    "account/base.html",
    "account/done.html",
    "console/base.html",
    "console/audit_parts.html",
    "console/webhook_parts.html",
    "console/parts.html",
    "console/setting_fields.html",
    "console/setting_words.html",
    "operator/parts.html",
    "console/client_fields.html",
}
# Elements that have no end tag, so that a reader of nesting does not wait for one.
_VOID = {"meta", "link", "input", "br", "use"}


@dataclass
class _Form:
    method: str | None
    fields: list[Attributes] = field(default_factory=list)


class _Reader(HTMLParser):
    """The tags of a page in order, and each form with what is in it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, Attributes]] = []
        self.forms: list[_Form] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} says something twice: {names}"
        # What a part of a drawing is called is no title of the page.
        self.tags.append((f"svg {tag}" if "svg" in self._open else tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self.forms.append(_Form(dict(attrs).get("method")))
        if tag in ("input", "button") and "form" in self._open:
            self.forms[-1].fields.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag, f"{tag} ends where it did not begin"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="session")
def read_pages(samples: Samples, show: Show) -> dict[str, _Reader]:
    """Every page in every state, read."""
    return {name: _Reader(show(name)) for name in samples}


def test_every_template_has_a_sample(samples: Samples) -> None:
    named = {path.relative_to(_TEMPLATES).as_posix() for path in _SOURCES} - _PARTS
    assert {template for template, _ in samples.values()} == named


def test_pages_are_well_formed_documents(show: Show, samples: Samples) -> None:
    for name in samples:
        html = show(name)
        assert html.startswith("<!doctype html>"), name
        reader = _Reader(html)
        assert [len(reader.all(tag)) for tag in ("h1", "main", "title")] == [1, 1, 1], name


def test_ids_are_given_once(read_pages: dict[str, _Reader]) -> None:
    for name, page in read_pages.items():
        ids = [found for _, attributes in page.tags if (found := attributes.get("id"))]
        assert len(ids) == len(set(ids)), name
        for _, attributes in page.tags:
            for reference in (
                "for",
                "aria-labelledby",
                "aria-describedby",
                "popovertarget",
                "form",
            ):
                assert set((attributes.get(reference) or "").split()) <= set(ids), name


def test_nothing_is_inline(read_pages: dict[str, _Reader]) -> None:
    for name, page in read_pages.items():
        assert page.all("style") == [], name
        assert all(script.get("src") for script in page.all("script")), name
        for tag, attributes in page.tags:
            inline = [key for key in attributes if key == "style" or key.startswith("on")]
            assert inline == [], f"{name}: {tag}"


def test_every_form_posts_the_csrf_token(read_pages: dict[str, _Reader]) -> None:
    forms = [(name, form) for name, page in read_pages.items() for form in page.forms]
    assert forms
    for name, form in forms:
        if form.method == "get":  # a search: it changes nothing, and its address may be shared
            assert "csrf_token" not in [field.get("name") for field in form.fields], name
            continue
        assert form.method == "post", name
        tokens = [field for field in form.fields if field.get("name") == "csrf_token"]
        if name in {"form-post", "form-post-again"}:
            assert tokens == [], "another site is told the token"
            continue
        assert [token["value"] for token in tokens] == ["csrf-of-this-visit"], name
        assert tokens[0]["type"] == "hidden", name


def test_ru_17_pages_load_nothing_from_elsewhere(
    read_pages: dict[str, _Reader], static: StaticFiles
) -> None:
    for name, page in read_pages.items():
        loaded = [link["href"] for link in page.all("link")]
        loaded += [script["src"] for script in page.all("script")]
        loaded += [(use["href"] or "").partition("#")[0] for use in page.all("svg use")]
        for url in loaded:
            assert url is not None
            reply = static.reply(url)
            assert reply is not None, f"{name}: {url}"
            assert b"immutable" in dict(reply.headers)[b"cache-control"], f"{name}: {url}"


def test_times_are_given_in_utc(read_pages: dict[str, _Reader]) -> None:
    times = [time for page in read_pages.values() for time in page.all("time")]
    assert times
    for time in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time["datetime"] or "")


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: str(path.relative_to(_TEMPLATES)))
def test_every_word_goes_through_gettext(source: Path) -> None:
    spoken = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source.read_text(), flags=re.DOTALL)
    assert re.findall(r">[^<>]*[A-Za-z]{2,}[^<>]*<", spoken) == []
    assert (
        re.findall(r'(?:aria-label|title|placeholder|alt|data-said)="[^"]*[A-Za-z]', spoken) == []
    )


def _hostile(value: object, markup: str) -> object:
    """The value with markup in place of every text that comes from outside."""
    if type(value) is str:
        return markup
    if isinstance(value, tuple):
        return tuple(_hostile(each, markup) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _hostile(getattr(value, each.name), markup) for each in fields(value)}
        return replace(value, **changed)
    return value


@pytest.mark.parametrize("markup", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_wb_11_what_comes_from_outside_is_shown_and_not_run(
    markup: str, pages: Pages, samples: Samples, northwind: Tenant
) -> None:
    for name, (template, page) in samples.items():
        with use_tenant(northwind):
            html = pages.render(
                template, visit=Visit(csrf_token=markup), page=_hostile(page, markup)
            )
        assert markup not in html, name
        assert "<script>alert" not in html, name
        assert "<img src=x" not in html, name


def test_un_12_what_looks_like_template_syntax_is_only_text(pages: Pages) -> None:
    page = LoginPage(action="/login", client_name="100%(x)s %s {{7*7}}")
    assert "100%(x)s %s {{7*7}}" in pages.render("login.html", page=page)


def test_a_name_that_is_not_given_is_an_error(pages: Pages) -> None:
    with pytest.raises(UndefinedError):
        pages.render("login.html")


def test_outside_of_a_tenant_the_installation_speaks(pages: Pages) -> None:
    html = pages.render("landing.html")
    assert "localhost:8080 · secured by AuthGate" in html
    assert "/static/brand/" not in html


def test_inside_of_a_tenant_its_name_host_and_brand_are_shown(show: Show) -> None:
    html = show("login")
    assert "Sign in to <bdi>Northwind Robotics</bdi>" in html
    assert "login.northwind.example · secured by AuthGate" in html
    assert re.search(r'<link rel="stylesheet" href="/static/brand/0b7a5b-[0-9a-f]{16}\.css">', html)


@pytest.mark.parametrize("color", ["#3f4fe0", "#3F4FE0", "red", "#0b7a5b}</style>"])
def test_a_brand_that_is_default_or_no_colour_needs_no_sheet(
    color: str, pages: Pages, northwind: Tenant
) -> None:
    tenant = replace(northwind, settings=replace(northwind.settings, brand_color=color))
    with use_tenant(tenant):
        assert "/static/brand/" not in pages.render("landing.html")


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [
        ("dark", Theme.DARK),
        ("light", Theme.LIGHT),
        ("", None),
        (None, None),
        ('dark" onload="', None),
    ],
)
def test_the_cookie_chooses_the_mode(cookie: str | None, theme: Theme | None) -> None:
    assert Theme.from_cookie(cookie) is theme


def test_the_mode_is_written_into_the_page(pages: Pages) -> None:
    assert 'data-theme="dark"' in pages.render("landing.html", visit=Visit(theme=Theme.DARK))
    assert "data-theme=" not in pages.render("landing.html").partition("<body>")[0]


def _buttons(page: _Reader) -> Iterator[Attributes]:
    for button in page.all("button"):
        if button.get("type", "submit") == "submit":
            yield button


def test_denying_a_device_comes_first_and_needs_no_tick(read_pages: dict[str, _Reader]) -> None:
    for name in ("confirm", "confirm-same-place", "confirm-unknown-place", "confirm-long"):
        page = read_pages[name]
        decisions = [button for button in _buttons(page) if button.get("name") == "decision"]

        assert [button["value"] for button in decisions] == ["deny", "approve", "report"]
        assert next(_buttons(page))["value"] == "deny"
        assert ["formnovalidate" in button for button in decisions] == [True, False, True]
        tick = next(field for field in page.all("input") if field.get("name") == "mine")
        assert "required" in tick
        assert "checked" not in tick


def test_denying_and_approving_weigh_the_same(read_pages: dict[str, _Reader]) -> None:
    deny, approve = list(_buttons(read_pages["confirm"]))[:2]
    assert [deny["class"], approve["class"]] == ["btn ink lg", "btn primary lg"]


def test_the_code_is_shown_for_comparison_and_spelled_for_ears(
    read_pages: dict[str, _Reader],
) -> None:
    labels = [attributes.get("aria-label") for _, attributes in read_pages["confirm"].tags]
    assert "Code: W D J B, M J H T" in labels


def test_a_request_from_elsewhere_is_flagged(show: Show) -> None:
    elsewhere, here, unknown = (
        show(name) for name in ("confirm", "confirm-same-place", "confirm-unknown-place")
    )
    assert "198.51.100.7" in elsewhere
    assert [html.count('class="flagged"') for html in (elsewhere, here, unknown)] == [1, 0, 0]
    assert "The same network as yours." in here


def test_the_current_session_is_first_and_has_no_button(read_pages: dict[str, _Reader]) -> None:
    page = read_pages["sessions"]
    rows = [attributes.get("class") for tag, attributes in page.tags if tag == "li"]
    ended = [button["value"] for button in _buttons(page) if button.get("name") == "session"]

    assert rows[:2] == ["current", None]
    assert ended == ["session-2", "session-3", "session-4"]


def test_signing_out_elsewhere_is_asked_for_with_its_number(
    show: Show, read_pages: dict[str, _Reader]
) -> None:
    html = show("sessions")
    assert "Sign out everywhere else (3)" in html
    assert "Sign out 3 places" in html
    assert "everywhere else" not in show("sessions-alone")
    assert all(form.method == "post" for form in read_pages["sessions"].forms)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("error-404", "Nothing here"),
        ("error-418", "That request makes no sense to us"),
        ("error-502", "We made a mistake"),
        ("error-unknown_tenant", "There is nobody at this address"),
        ("error-suspended_tenant", "Sign-in is switched off here"),
    ],
)
def test_an_error_says_what_it_is_and_its_request(show: Show, name: str, title: str) -> None:
    html = show(name)
    assert f"<h1>{title}</h1>" in html
    assert "0192f3a7c1</code>" in html


def test_a_failed_sign_in_keeps_the_name_and_goes_to_the_password(
    read_pages: dict[str, _Reader],
) -> None:
    page = read_pages["login-mismatch"]
    username, password = (
        next(field for field in page.all("input") if field.get("name") == name)
        for name in ("username", "password")
    )
    assert username["value"] == "mira@northwind.example"
    assert [("autofocus" in field) for field in (username, password)] == [False, True]
    assert "value" not in password
    assert next(text for text in page.text if "Sign in ·" in text).startswith("Error:")


def test_a_suspended_tenant_shows_no_form(read_pages: dict[str, _Reader]) -> None:
    forms = read_pages["login-suspended"].forms
    assert [[field.get("name") for field in form.fields][-1] for form in forms] == ["language"]


def test_the_code_field_takes_what_people_type(read_pages: dict[str, _Reader]) -> None:
    field = next(it for it in read_pages["enter-code"].all("input") if it["name"] == "user_code")
    assert "pattern" not in field
    assert field["maxlength"] == "16"


def test_words_follow_the_numbers(pages: Pages) -> None:
    def said(tries: int) -> str:
        page = LoginPage("/", problem=LoginProblem.MISMATCH, tries_left=tries)
        return pages.render("login.html", page=page)

    assert "1 try left before a pause." in said(1)
    assert "2 tries left before a pause." in said(2)
    assert "0 tries left before a pause." in said(0)


def test_scopes_are_said_in_plain_words() -> None:
    assert in_words(["email", "write", "email", "robots:deploy"], {}) == (
        ScopeLine("email", "Read your email address"),
        ScopeLine("write", "Change your data", sensitive=True),
        ScopeLine("robots:deploy", "Use the permission robots:deploy"),
    )
