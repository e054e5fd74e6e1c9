"""Addresses of pages: found by whoever asks for one, and hardly ever written by their rules."""

from collections.abc import Callable
from types import CodeType

import pytest
from quart.routing import QuartMap
from werkzeug.routing import Rule

from authgate.people import PeopleApp


def test_what_writes_an_address_is_compiled_when_one_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compile_, compiled = Rule._get_func_code, list[str]()

    def noted(code: CodeType, name: str) -> Callable[..., tuple[str, str]]:
        compiled.append(name)
        return compile_(code, name)

    monkeypatch.setattr(Rule, "_get_func_code", staticmethod(noted))
    pages = QuartMap([PeopleApp.url_rule_class("/apps/<name>", endpoint="app")]).bind("localhost")
    assert pages.match("/apps/nightly") == ("app", {"name": "nightly"})
    assert compiled == []
    assert pages.build("app", {"name": "a b", "page": "2"}) == "/apps/a%20b?page=2"
    assert len(compiled) == 1
