"""The console and the operators' pages in another language: whatever somebody finds there."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from markupsafe import escape

from authgate import provisioning
from authgate.languages import LANGUAGES, speaking
from authgate.plugin_manager.loading import installed
from authgate.provisioning.clients import NotApproved
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, language_form
from authgate_testing.server import RunningServer

_LINK = re.compile(r'href="([^"#?]*/(?:admin|operator)(?:/[^"#?]*)?(?:\?connector=[\w-]+)?)[?#"]')
_NO_PAGE = re.compile(r"\.(?:csv|json|jws)$|/v1/|/trial$")
_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|^[A-Z][a-z]+$|\d [a-z]{2,}")
"""Several words, one that begins as a sentence or a label does, or what so many are of."""
_SAID = ("aria-label", "title", "placeholder", "alt", "data-said")
# What programs go by, what people have written, and names.
_NOT_SAID = {"code", "pre", "bdi", "kbd", "script", "style", "textarea"}
_NAMES = {
    *(
        "Django",
        "English",
        "Express",
        "Flask",
        "Gitea",
        "Go",
        "Google",
        "Microsoft",
        "Okta",
        "Python",
    ),
    "FAPI 2.0 Security Profile",
    "HTTP API",
    "Microsoft Entra ID",
    "Mira Halvorsen",
    "OpenID Connect",
    "Spring Boot",
    "Webhook",  # in Chinese as well
    "auth.ts, Auth.js",
}
_CHINESE = re.compile("[\u3400-\u9fff]")


@on_sqlite
async def test_every_page_of_the_console_and_of_operators_is_in_the_reader_s_language(
    server: RunningServer, ops: Tenant, at_browser: Person
) -> None:
    await _fill(server, ops, at_browser)
    page = await at_browser.visit(f"{ops.issuer}/admin")
    choice = language_form(page.text)
    chosen = await at_browser.http.post(
        str(page.url.join(choice.action)), data=choice.hidden | {"language": "zh-Hant"}
    )
    assert chosen.headers["location"].endswith("/admin"), "back to where they were"
    found, waiting = set[str](), [f"{ops.prefix}/admin", f"{ops.prefix}/operator"]
    english = set[str]()
    while waiting:
        path = waiting.pop()
        if path in found or _NO_PAGE.search(path):
            continue
        found.add(path)
        page = await at_browser.visit(str(page.url.join(path)))
        assert page.status_code == 200, path
        assert '<html lang="zh-Hant"' in page.text, path
        english |= {f"{path}: {each}" for each in _english(page.text)}
        waiting += _LINK.findall(page.text)
    assert english == set()
    assert len(found) > 60


@on_sqlite
async def test_what_is_refused_there_is_refused_in_the_reader_s_language(
    server: RunningServer, ops: Tenant, at_browser: Person
) -> None:
    at_browser.http.headers["Accept-Language"] = "zh-TW"
    for where, to, typed, said in (
        ("admin/groups/new", "/new", {"display_name": "x" * 999}, "名稱最多 200 個字元。"),
        ("admin/scopes/new", "/new", {"name": "a b", "title": "t"}, "個可見的 ASCII 字元"),
        ("admin/domains", "/domains", {"host": "no host"}, "不是完整的主機名稱"),
        ("admin/limits", "/block", {"network": "here"}, "這樣的位址"),
        ("admin/settings/lifetimes", "/lifetimes", {"id_token_lifetime": "x"}, "須為整數。"),
        ("admin/settings/lifetimes", "/lifetimes", {"id_token_lifetime": "0"}, "至少 1。"),
        (
            "admin/settings/lifetimes",
            "/lifetimes",
            {"authorization_code_lifetime": "601"},
            "最多 600。",
        ),
        ("admin/branding", "/branding", {"sign_in_title": "x" * 81}, "最多 80 個字元。"),
        ("admin/branding", "/branding", {"brand_color": "red"}, "須符合 ^#[0-9a-fA-F]{6}$。"),
        ("operator/tenants/new", "/new", {"slug": "admin", "username": "x"}, "為保留名稱"),
    ):
        await at_browser.visit(f"{ops.issuer}/{where}")
        refused = await at_browser.submit(typed, to=to)
        assert refused.status_code in (400, 422), where
        assert said in refused.text, where


def test_states_in_sentences_are_said_in_the_reader_s_language() -> None:
    why = NotApproved(ClientStatus.REJECTED).args[0]
    with speaking(LANGUAGES[1]):
        assert str(escape(why)) == "用戶端已被拒絕。"


async def _fill(server: RunningServer, ops: Tenant, somebody: Person) -> None:
    """What pages differ by."""
    plugins = tuple(each.name for each in installed())
    await provisioning.change_tenant(
        server.parts, ops, change=lambda before: replace(before, enabled_plugins=plugins)
    )
    for where, to, typed in (
        ("admin/first-steps", "/clients/first", {}),
        ("admin/groups/new", "/new", {"display_name": "staff"}),
        ("admin/users/new", "/new", {"username": "ada", "email": "ada@ops.example"}),
        ("admin/scopes/new", "/new", {"name": "orders:read", "title": "t"}),
        ("admin/domains", "/domains", {"host": "login.ops.example"}),
        ("admin/limits", "/block", {"network": "192.0.2.7", "reason": "r"}),
        ("admin/settings/lifetimes", "/lifetimes", {"id_token_lifetime": "300"}),
        ("admin/resource-servers", "/resource-servers", {"uri": "https://api.example"}),
        ("operator/tenants/new", "/new", {"slug": "acme", "username": "x", "email": "x@x.example"}),
        ("operator/announcements", "/announcements", {"text": "t", "hours": "24"}),
    ):
        await somebody.visit(f"{ops.issuer}/{where}")
        done = await somebody.submit(typed, to=to)
        assert done.status_code in (200, 201), where


def _english(html: str) -> set[str]:
    reader = _Reader()
    reader.feed(html)
    said = reader.said - _NAMES
    return {each for each in said if _WORDS.search(each) and not _CHINESE.search(each)}


class _Reader(HTMLParser):
    """What a page says in its own words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: set[str] = set()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said |= {value for name, value in attrs if name in _SAID and value}
        if tag in _NOT_SAID:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.said.add(" ".join(data.split()))
