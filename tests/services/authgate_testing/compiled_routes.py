"""Addresses of pages are compiled once in a run, however many servers answer at them.

For each address werkzeug makes out what it is made of, and compiles functions that would write it.
A test's server is its own, and would spend half of its start on them.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.routing import Rule

_compile = Rule.compile


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What there is to know of an address, wherever it is served."""

    made: dict[str, Any]
    arguments: frozenset[str]

    @classmethod
    def of(cls, rule: Rule) -> "_Compiled":
        """Of one that has just been compiled."""
        names = ("_parts", "_trace", "_converters")
        made = {name: getattr(rule, name) for name in names}
        # What writes it looks up its converters when it is called.
        made |= {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
        return cls(made, frozenset(rule.arguments))

    def into(self, rule: Rule) -> None:
        """Have another one be the same."""
        for name, value in self.made.items():
            setattr(rule, name, value.__get__(rule) if name.startswith("_build") else value)
        rule.arguments |= self.arguments


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    known: dict[Hashable, _Compiled] = {}

    def compile_(rule: Rule) -> None:
        map_ = rule.map
        if rule.defaults or map_.converters != map_.default_converters:
            _compile(rule)
            return
        made_of = (rule.rule, rule.host, rule.subdomain, map_.host_matching, rule.merge_slashes)
        if made_of in known:
            known[made_of].into(rule)
        else:
            _compile(rule)
            known[made_of] = _Compiled.of(rule)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", compile_)
        yield
