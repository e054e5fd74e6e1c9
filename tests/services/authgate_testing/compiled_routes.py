"""Addresses of pages are compiled once in a run, however many servers answer at them.

For each address werkzeug compiles functions that would write it. A test's server is its own, and
would spend half of its start on them.
"""

from collections.abc import Callable, Hashable, Iterator

import pytest
from werkzeug.routing import Rule

_compile = Rule._compile_builder

_Builder = Callable[..., tuple[str, str]]


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    compiled: dict[Hashable, _Builder] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> _Builder:
        # All that it is made of; the rule's converters it looks up when it is called.
        made_of = (rule.rule, *rule._trace, append_unknown)
        if rule.defaults:
            return _compile(rule, append_unknown)
        if made_of not in compiled:
            compiled[made_of] = _compile(rule, append_unknown)
        return compiled[made_of]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", builder)
        yield
