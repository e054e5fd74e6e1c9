"""The catalogues: every text of people's pages and mails, translated, and no other."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from jinja2 import Environment
from playwright.async_api import Page

from authgate.languages import ENGLISH, LANGUAGES, Language, by_plugin, speaking
from authgate.web.pages import IN_ENGLISH
from authgate_tenants import Tenant
from authgate_testing import BrowserContextFactory

OTHERS = [each for each in LANGUAGES if each is not ENGLISH]
_HOLE = re.compile(r"%\(\w+\)[a-z]")
_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
# Letters that are written otherwise in Taiwan, of the most frequent ones.
_SIMPLIFIED = set("这个们来会时说对过还没开关发应请务网页设码录权户输错误认证让执删选")
# Where no font has the letters, what is drawn instead is narrower than they are.
_AS_WIDE_AS_DRAWN = """() => {
  const drawn = (node) => node.nodeType === 3 && /[\u3400-\u9fff]/.test(node.data);
  for (const element of document.querySelectorAll("body *")) {
    if ([...element.childNodes].some(drawn)) element.style.letterSpacing = "0.4em";
  }
  return document.documentElement.scrollWidth - document.documentElement.clientWidth;
}"""
_A_WORD = re.compile(r"(?<![&\w])[A-Za-z]{2,}")
_A_SENTENCE = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+|[A-Z][a-z]+ [a-z]+.*\.$")
_LEXER = Environment()  # noqa: S701  # nothing is rendered
_ATTRIBUTE = re.compile(r'[a-z-]+="[^"]*"')
_SAYS = ("text", "counted", "BadHost", "BadSlug")
_LOGS = ("info", "warning", "error", "exception")
_SAID = ("aria-label", "title", "placeholder", "alt", "data-said")

other_languages = pytest.mark.parametrize("language", OTHERS, ids=lambda each: each.tag)


@pytest.fixture(scope="module")
def catalogues(texts: ModuleType) -> Mapping[str, list[Message]]:
    """All that is in those of a language."""
    return {
        each.tag: [
            message for area in texts.AREAS for message in texts.read(each.tag, area) if message.id
        ]
        for each in OTHERS
    }


@other_languages
def test_a_catalogue_has_what_is_read_there_and_nothing_else(
    language: Language, texts: ModuleType
) -> None:
    for area in texts.AREAS:
        kept = {message.id for message in texts.read(language.tag, area)}
        read = {message.id for message in texts.gathered(area)}
        assert read - kept == set(), "make texts, and translate what is new"
        assert kept - read == set(), "make texts"


@other_languages
def test_every_text_is_translated(
    language: Language, catalogues: Mapping[str, list[Message]]
) -> None:
    for message in catalogues[language.tag]:
        assert all(_forms(message.string)), message.id
        assert not message.fuzzy, message.id


@other_languages
def test_every_translation_has_the_values_of_its_text(
    language: Language, catalogues: Mapping[str, list[Message]]
) -> None:
    for message in catalogues[language.tag]:
        wanted = set(_HOLE.findall(_forms(message.id)[-1]))
        for form in _forms(message.string):
            assert set(_HOLE.findall(form)) == wanted, message.id
            assert "%" not in _HOLE.sub("", form).replace("%%", ""), message.id


@other_languages
def test_what_is_empty_is_so_in_every_language(language: Language) -> None:
    with speaking(language):
        assert by_plugin("").spoken() == ""


def test_traditional_chinese_is_in_no_other_letters(
    catalogues: Mapping[str, list[Message]],
) -> None:
    for message in catalogues["zh-Hant"]:
        assert not _SIMPLIFIED & set("".join(_forms(message.string))), message.id


def test_a_mail_says_nothing_past_its_catalogue(texts: ModuleType) -> None:
    mails = [path for path in texts.people_pages() if path.parent.name == "mail"]
    assert mails
    for path in mails:
        said = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
        assert not re.search(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", "", said)), path.name


def test_templates_say_nothing_past_the_catalogues(texts: ModuleType) -> None:
    said = set()
    for path in (*texts.people_pages(), *texts.console_pages()):
        if path.suffix == ".html":
            html = "".join(
                "\N{BULLET}" if kind == "variable_begin" else value
                for _, kind, value in _LEXER.lex(path.read_text())
                if kind in ("data", "variable_begin")
            )
            for each in _texts(html):
                said |= {
                    f"{path.name}: {word}" for word in _A_WORD.findall(_ATTRIBUTE.sub("", each))
                }
    assert said == {"consent.html: wide", "confirm.html: wide"}, "classes"


def test_what_the_console_is_told_is_in_the_catalogues(texts: ModuleType) -> None:
    said = set()
    for path in texts.told_administrators():
        tree = ast.parse(path.read_text())
        parts = [each for each in ast.walk(tree) if isinstance(each, ast.Call | ast.Expr)]
        past = {id(part) for each in parts if _is_past(each) for part in ast.walk(each)}
        said |= {
            f"{path.name}: {each.value}"
            for each in ast.walk(tree)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
            if id(each) not in past and _A_SENTENCE.search(each.value)
        }
    assert said == {
        "client_kinds.py: openid profile email",
        # Kept as the client's description, which its owner changes.
        "first_client.py: For trying out: it works on localhost only. Delete it when you are done.",
    }


def _is_past(part: ast.Call | ast.Expr) -> bool:
    """What is translated, what is logged, and docstrings."""
    if isinstance(part, ast.Expr):
        return isinstance(part.value, ast.Constant)
    name = getattr(part.func, "attr", "") or getattr(part.func, "id", "")
    return name in _SAYS or name in _LOGS


@other_languages
def test_a_page_is_in_one_language(
    language: Language,
    samples: Mapping[str, tuple[str, object]],
    show: Callable[[str], str],
    northwind: Tenant,
) -> None:
    """What is the same in both languages came from elsewhere. The console is walked through in
    tests/operator/test_languages.py."""
    seen, untranslated = 0, set()
    for name, (template, page) in samples.items():
        if template.startswith(("console/", "operator/")):
            continue
        if template.startswith(IN_ENGLISH):
            assert '<html lang="en"' in show(f"{name}:{language.tag}")
            continue
        seen += 1
        html = show(f"{name}:{language.tag}")
        assert f'<html lang="{language.tag}" dir="{language.direction}"' in html
        alike = _texts(show(name)) & _texts(html)
        from_elsewhere = {" ".join(each.split()) for each in _strings(page)} | {northwind.name}
        untranslated |= {
            f"{name}: {each}" for each in alike - from_elsewhere if _WORDS.search(each)
        }
    assert untranslated == set()
    assert seen > 50


async def test_pages_in_chinese_fit_a_small_telephone_and_are_accessible(
    samples: Mapping[str, tuple[str, object]],
    gallery_url: str,
    browser_context_factory: BrowserContextFactory,
    axe_violations: Callable[[Page], object],
) -> None:
    context = await browser_context_factory(viewport={"width": 320, "height": 640})
    page = await context.new_page()
    narrow = ("login-mismatch", "consent", "confirm", "sessions", "my-app-edit", "sign-up")
    console = ("console-client", "console-exports", "console-user", "operator-tenant")
    for name in (*narrow, *console):
        assert name in samples
        await page.goto(f"{gallery_url}/{name}:zh-Hant")
        assert await page.evaluate(_AS_WIDE_AS_DRAWN) == 0, name
        if name in ("login-mismatch", "sessions"):
            assert await axe_violations(page) == [], name  # type: ignore[misc]
    moment = await page.goto(f"{gallery_url}/sessions:zh-Hant")
    assert moment is not None
    # The script writes times as the page's language does.
    assert "小時前" in await page.locator("time[data-time=relative]").first.inner_text()


def _forms(text: object) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (str(text),)


class _Reader(HTMLParser):
    """What a page says: to eyes and to ears."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said |= {value for name, value in attrs if name in _SAID and value}

    def handle_data(self, data: str) -> None:
        self.said.add(" ".join(data.split()))


def _texts(html: str) -> set[str]:
    reader = _Reader()
    reader.feed(html)
    return reader.said


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _strings(getattr(value, each.name))
