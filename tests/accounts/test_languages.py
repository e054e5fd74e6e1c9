"""Which language somebody reads: what they chose, what an application asks for, what their browser
says, and what the tenant offers."""

from collections.abc import Mapping

import httpx2
import pytest
from markupsafe import escape

from authgate import mail, provisioning
from authgate.accounts.scope_lines import in_words
from authgate.audit import SYSTEM
from authgate.languages import LANGUAGES, catalogues, speaking, text
from authgate.languages.accepted import LONGEST, MOST, accepted
from authgate.languages.readers import Reader
from authgate.plugin_manager import loading
from authgate.provisioning import UnfitSetting
from authgate.provisioning.tenant_settings import check
from authgate.storage.people import locales
from authgate.storage.people.users import User
from authgate_tenants import Plan, Tenant, TenantSettings, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person, language_form
from authgate_testing.server import RunningServer

ENGLISH, CHINESE = "Email or user name", "電子郵件或使用者名稱"
TAIWAN = {"Accept-Language": "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7"}


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", ()),
        ("zh-TW,zh;q=0.9,en-US;q=0.8", ("zh-TW", "zh", "en-US")),
        ("en;q=0.2, zh-Hant ; q=0.75 ,de", ("de", "zh-Hant", "en")),
        ("en;q=0, *, de;q=0.000", ()),
        ("en;q=2, de;q=-1, fr;q=0.1234, it;q=x, zh-TW;level=1, es", ("es",)),
        ("../../etc/passwd, <b>, zh_TW, \u96fb, -en, en-, a-b-c", ("a-b-c",)),
        ("x" * 9 + ", en", ("en",)),
        (",,, ,", ()),
        (", ".join(f"en-{number:03}" for number in range(60)), None),
        ("en, " + "a-" * 50_000, ("en",)),
        ("fr" + "," * 100_000, ("fr",)),
        ("de;q=0.5" + " " * 100_000 + ",en", ()),
    ],
    ids=range(12),
)
def test_a_browser_asks_for_languages_in_bounds(header: str, tags: tuple[str, ...] | None) -> None:
    found = accepted(header)
    assert len(found) <= MOST
    if tags is not None:
        assert found == tags
    assert len(header) < LONGEST or found == accepted(header[: LONGEST + 1]), "no more is read"


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("ZH-hant-MO-x-y", "zh-Hant"),
        ("zh-tw-u-co-stroke", "zh-Hant"),
        ("zh-CN,zh;q=0.9", "en"),
        ("zh-Hans-TW", "en"),
        ("de, en-GB;q=0.5, zh-TW;q=0.1", "en"),
        ("de, fr", "en"),
    ],
)
def test_a_tag_is_looked_up_from_its_end(wanted: str, tag: str) -> None:
    assert Reader(accept_language=wanted).reads(LANGUAGES).tag == tag


def test_what_somebody_chose_is_before_the_application_and_that_before_the_browser() -> None:
    browser = Reader(accept_language="en")
    application = Reader(accept_language="en", asked=("xx", "zh-Hant"))
    chosen = Reader(accept_language="en", asked=("zh-Hant",), chosen="en")
    assert [each.reads(LANGUAGES).tag for each in (browser, application, chosen)] == [
        "en",
        "zh-Hant",
        "en",
    ]


@on_sqlite
async def test_a_page_is_in_the_language_of_the_browser_and_says_so(
    server: RunningServer, acme: Tenant
) -> None:
    page = await server.http.get(f"{acme.issuer}/login", headers=TAIWAN)
    assert CHINESE in page.text
    assert '<html lang="zh-Hant" dir="ltr"' in page.text
    assert page.headers["content-language"] == "zh-Hant"
    assert page.headers["vary"] == "Accept-Language, Cookie"
    assert page.headers["cache-control"] == "no-store"
    for url in ("http://localhost:8080/", "http://localhost:8080/t/nobody/login"):
        refused = await server.http.get(url, headers=TAIWAN | {"Accept": "text/html"})
        assert refused.headers["content-language"] == "zh-Hant"
        assert '<html lang="zh-Hant"' in refused.text
    lost = await server.http.get(f"{acme.issuer}/nothing", headers=TAIWAN)
    assert "找不到頁面" in lost.text


@on_sqlite
async def test_an_odd_header_is_answered_in_english(server: RunningServer, acme: Tenant) -> None:
    for odd in ("x" * 6000, "zh-\u00e9", "../zh-TW", "zh-Hant\t\t;;q=1"):
        headers = [("Accept-Language", odd.encode("latin-1"))]
        page = await server.http.get(f"{acme.issuer}/login", headers=headers)  # type: ignore[arg-type]
        assert ENGLISH in page.text


@on_sqlite
async def test_somebody_chooses_a_language_on_a_page_without_script(
    server: RunningServer, acme: Tenant, globex: Tenant, person: Person
) -> None:
    here = f"{acme.issuer}/login?return_to={acme.prefix}/account/apps"
    stranger = Person(server.browser())
    page = await stranger.visit(here)
    chosen = await _choose(stranger, acme, page.text, "zh-Hant")
    assert chosen.status_code == 303
    assert chosen.headers["location"] == here.removeprefix("http://localhost:8080")
    assert "HttpOnly" in chosen.headers["set-cookie"]
    english = {"Accept-Language": "en"}
    assert CHINESE in (await stranger.http.get(here, headers=english)).text
    elsewhere = await stranger.http.get(f"{globex.issuer}/login", headers=english)
    assert ENGLISH in elsewhere.text, "a choice is for one tenant"
    page = await stranger.visit(here)
    assert (await _choose(stranger, acme, page.text, "xx")).status_code == 303
    assert CHINESE in (await stranger.http.get(here)).text, "what is not offered is not kept"
    await _choose(stranger, acme, page.text, "en")
    assert ENGLISH in (await stranger.http.get(here, headers=TAIWAN)).text


async def test_a_choice_goes_with_the_person_to_other_browsers_and_into_mails(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    here = f"{acme.issuer}/account/sessions"
    chosen = await _choose(person, acme, (await person.visit(here)).text, "zh-Hant")
    assert chosen.status_code == 303
    elsewhere = Person(server.browser())
    assert ENGLISH in (await elsewhere.visit(f"{acme.issuer}/login")).text
    page = await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    assert "您登入中的裝置" in page.text
    with use_tenant(acme):
        assert await locales.of([alice.id]) == {alice.id: "zh-Hant"}
    third = Person(server.browser())
    await _choose(third, acme, (await third.visit(f"{acme.issuer}/login")).text, "en")
    await third.sign_in(acme.issuer, "alice", PASSWORD)
    with use_tenant(acme):
        assert await locales.of([alice.id]) == {alice.id: "en"}, "what was chosen last"


@on_sqlite
async def test_an_application_asks_for_a_language_all_the_way(
    console: Application, person: Person, acme: Tenant, server: RunningServer
) -> None:
    stranger = Person(server.browser())
    asked = console.ask(scope="openid offline_access", ui_locales="xx zh-TW").url
    page = await stranger.visit(asked)
    assert CHINESE in page.text
    assert "以繼續前往" in page.text
    page = await person.visit(asked)
    assert "要允許此應用程式嗎" in page.text
    assert "在您離開時保持登入" in page.text
    wrong = asked.replace("client_id=console", "client_id=nobody")
    assert "此處沒有註冊這個應用程式。" in (await person.visit(wrong)).text
    out = await person.visit(f"{acme.issuer}/oauth/logout?ui_locales=zh-Hant&client_id=nobody")
    assert "此處沒有註冊這個應用程式。" in out.text


@on_sqlite
async def test_programs_are_answered_in_english(server: RunningServer, acme: Tenant) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    refused = await server.http.post(f"{acme.issuer}/oauth/token", data=form, headers=TAIWAN)
    assert refused.json()["error_description"].isascii()
    assert "content-language" not in refused.headers
    with use_tenant(acme), speaking(LANGUAGES[1]):
        fault = text("The name has 1 to %(most)s characters.", most=1080)
        assert f"{fault}" == "The name has 1 to 1,080 characters."
        assert str(ValueError(fault)) == "The name has 1 to 1,080 characters."
        assert str(ValueError(fault)).__html__() == "名稱須為 1 至 1,080 個字元。"  # type: ignore[attr-defined]


@on_sqlite
async def test_a_tenant_offers_what_it_chooses(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await _choose_settings(server, acme, {"languages": ["en"]})
    assert ENGLISH in (await server.http.get(f"{acme.issuer}/login", headers=TAIWAN)).text
    assert await _supported(server, acme) == ["en"]
    assert await _supported(server, globex) == ["en", "zh-Hant"]
    words = {"sign_in_title": "Welcome", "sign_in_titles": {"zh-Hant": "歡迎"}}
    await _choose_settings(server, acme, {"languages": [], "default_language": "zh-Hant", **words})
    page = (await server.http.get(f"{acme.issuer}/login", headers={"Accept-Language": "fr"})).text
    assert CHINESE in page
    assert "<h1>歡迎</h1>" in page
    english = await server.http.get(f"{acme.issuer}/login", headers={"Accept-Language": "en"})
    assert "<h1>Welcome</h1>" in english.text


@pytest.mark.parametrize(
    ("chosen", "setting"),
    [
        ({"languages": ("en", "tlh")}, "languages"),
        ({"languages": ("en",), "default_language": "zh-Hant"}, "default_language"),
        ({"sign_in_titles": {"de": "Hallo"}}, "sign_in_titles"),
        ({"sign_in_texts": {"en": "x" * 301}}, "sign_in_texts"),
    ],
)
def test_a_tenant_offers_only_what_there_is(chosen: Mapping[str, object], setting: str) -> None:
    before = TenantSettings()
    with pytest.raises(UnfitSetting) as refused:
        check(before, before.changed(chosen), plan=Plan(), actor=SYSTEM)
    assert refused.value.setting == setting


@on_sqlite
async def test_a_mail_is_in_the_language_of_whom_it_goes_to(
    server: RunningServer, acme: Tenant
) -> None:
    with use_tenant(acme):
        assert mail.written("test").subject == "Mail from Acme arrives"
        letter = mail.written("test", language=LANGUAGES[1])
    assert letter.subject == "來自 Acme 的郵件已送達"
    assert '<html lang="zh-Hant"' in letter.html
    await _choose_settings(server, acme, {"default_language": "zh-Hant"})
    found = await server.parts.resolver.find("acme")
    assert found is not None
    with use_tenant(found):
        assert mail.written("test").subject == "來自 Acme 的郵件已送達"


async def _choose(somebody: Person, tenant: Tenant, page: str, tag: str) -> httpx2.Response:
    """Press the button of a language."""
    form = language_form(page)
    return await somebody.http.post(
        f"http://localhost:8080{form.action}", data=form.hidden | {"language": tag}
    )


async def _choose_settings(
    server: RunningServer, tenant: Tenant, chosen: Mapping[str, object]
) -> None:
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda former: former.changed(chosen)
    )


async def _supported(server: RunningServer, tenant: Tenant) -> list[str]:
    answer = await server.http.get(f"{tenant.issuer}/.well-known/openid-configuration")
    found: list[str] = answer.json()["ui_locales_supported"]
    return found


def test_what_a_scope_of_our_own_means_is_a_line_in_each_language() -> None:
    [line] = in_words(["authgate:settings:read"], {})
    assert str(escape(line.text)) == "See what the tenant chooses for itself, now and before"
    with speaking(LANGUAGES[1]):
        assert str(escape(line.text)) == "檢視租戶目前與先前的設定"


def test_a_plugin_that_is_installed_has_brought_its_words() -> None:
    loading.load()
    with speaking(LANGUAGES[1]):
        said = catalogues.gettext("GitHub did not accept this sign-in. Please try again.")
    assert said.startswith("GitHub 未接受此次登入")


def test_a_plugin_brings_words_and_takes_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "_plugins", [])
    catalogues.add("authgate_testing.plugin_words")
    try:
        with speaking(LANGUAGES[1]):
            assert catalogues.gettext("Sign in with Acme SSO") == "使用 Acme SSO 登入"
            assert catalogues.gettext("Sign in") == "登入"
            assert catalogues.gettext("is missing") == "缺少此項"
    finally:
        catalogues.catalogue.cache_clear()
