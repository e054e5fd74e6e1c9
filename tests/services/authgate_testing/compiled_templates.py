"""Templates of pages are compiled once in a run, and static files read, for all servers.

A server compiles a template when it first shows it. Most tests have a server of their own, which
would spend more time on that than on all else that they ask of it.
"""

from collections.abc import Iterator
from functools import cache, partial
from types import CodeType

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from authgate.web import pages, static_files


class CompiledTemplates(BytecodeCache):
    """What templates were compiled to, by their source."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what another server has compiled."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for the next server."""
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    compiled = CompiledTemplates()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Environment", partial(Environment, bytecode_cache=compiled))
        patch.setattr(static_files, "_load", cache(static_files._load))
        yield
