"""What plugins may put on a page of the console, and as which pages they may register."""

from typing import Any

import pytest

from authgate.plugin_manager import PluginRefused, load
from authgate.plugin_manager.console import console_pages
from authgate.plugin_manager.console_parts import checked_parts
from authgate.plugin_manager.containment import WrongResult

WRONG = """
from dataclasses import make_dataclass

from authgate.plugin_api import (
    ConsoleFigures, ConsoleForm, ConsoleLink, ConsoleTable, ConsoleText,
)

Nothing = make_dataclass("Nothing", [], frozen=True)

class Evil(str):
    def isprintable(self):
        raise SystemExit
    __html__ = isprintable

def link(url):
    return [ConsoleTable(title="T", columns=("a",), rows=((ConsoleLink("x", url),),))]

def form(values):
    return [ConsoleForm(action="a", title="T", button="B", takes=Nothing, values=values)]
"""


@pytest.mark.parametrize(
    "answer",
    [
        "None",
        "'<b>html</b>'",
        "['<b>html</b>']",
        "[ConsoleText(text=Evil('x'))]",
        "[ConsoleText(text='x' * 5000)]",
        "[ConsoleText(text='x')] * 21",
        "link('http://pay.example/')",
        "link('javascript:alert(1)')",
        "link('//pay.example/')",
        "link('/logout')",
        "link('/admin/../account')",
        "link('https://a@pay.example/')",
        "[ConsoleTable(title='T', columns=('a', 'b'), rows=(('x',),))]",
        "[ConsoleTable(title='T', columns=('a',), rows=(('x',),) * 201)]",
        "[ConsoleFigures(figures=(('Open', 10 ** 5000),))]",
        "form({'cents': 10 ** 5000})",
        "form({'names': tuple(range(2100))})",
        "form({'name': 'x' * 40_001})",
        "form({str(each): 1 for each in range(21)})",
    ],
)
def test_what_is_no_part_of_a_page_is_refused(answer: str) -> None:
    space: dict[str, object] = {}
    exec(WRONG, space)  # noqa: S102  # what the plugin of this test would say
    with pytest.raises(WrongResult):
        checked_parts(eval(answer, space))  # noqa: S307


def test_what_may_be_on_a_page_is_taken() -> None:
    space: dict[str, object] = {}
    exec(WRONG, space)  # noqa: S102
    for url in ("/admin", "/admin/users?q=a", "https://pay.example/7#a"):
        assert len(checked_parts(eval(f"link({url!r})", space))) == 1  # noqa: S307
    values = {"names": ("a", "b"), "cents": -(2**63), "text": "x" * 30_000, "on": True}
    assert len(checked_parts(eval(f"form({values!r})", space))) == 1  # noqa: S307


REGISTERS = """
    from authgate.plugin_api import ConsolePage, hookimpl

    plugin_api_version = "1.2"

    @hookimpl
    def register_console_pages():
        return {pages}

    {shows}
"""
SHOWS = "@hookimpl\n    def console_page(request): return []"


@pytest.mark.parametrize(
    ("pages", "shows", "said"),
    [
        ("[ConsolePage(name='a', title='A')]", "", "shows none"),
        ("[ConsolePage(name='../a', title='A')]", SHOWS, "lower-case"),
        ("[ConsolePage(name='a', title='')]", SHOWS, "an empty line"),
        ("[ConsolePage(name='a', title='A', area='keys')]", SHOWS, "an area is one of"),
        ("[ConsolePage(name='a', title='A')] * 2", SHOWS, "two pages"),
        ("{'a': 'A'}", SHOWS, "no list of pages"),
        ("1 / 0", SHOWS, "ZeroDivisionError"),
    ],
)
def test_pages_that_cannot_be_shown_keep_the_plugin_out(
    install: Any, pages: str, shows: str, said: str
) -> None:
    install("billing", REGISTERS.format(pages=pages, shows=shows))
    with pytest.raises(PluginRefused, match=said):
        console_pages(load())
