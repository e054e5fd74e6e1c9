"""Which parameters and headers a route looks at, whether they were sent or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from quart import Quart, Request
from werkzeug.datastructures import ImmutableMultiDict

from authgate.web.machine import Form, MachineRequest

Read = set[tuple[str, str]]
"""Of each the kind of its place, and its name."""

_read: Read = set()
_SENT_BY_SERVERS = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


class _Told(ImmutableMultiDict[str, str]):
    """Parameters that note what they are asked for."""

    def get(self, key: str, *rest: Any, **more: Any) -> Any:
        _read.add(("parameter", key))
        return super().get(key, *rest, **more)

    def __getitem__(self, key: str) -> Any:
        _read.add(("parameter", key))
        return super().__getitem__(key)


class _Request(Request):
    parameter_storage_class: Any = _Told


def watch(people: Quart, patch: pytest.MonkeyPatch) -> None:
    """Note it from now on, at the door for people and at the one for programs."""
    patch.setattr(people, "request_class", _Request)
    get, header = Form.get, MachineRequest.header

    def parameter(form: Form, name: str) -> str | None:
        _read.add(("parameter", name))
        return get(form, name)

    def machine_header(request: MachineRequest, name: bytes) -> str | None:
        _read.add(("header", name.decode()))
        return header(request, name)

    patch.setattr(Form, "get", parameter)
    patch.setattr(MachineRequest, "header", machine_header)


@contextmanager
def noted() -> Iterator[Read]:
    """What is looked at in this block."""
    found: Read = set()
    _read.clear()
    yield found
    found.update(each for each in _read if each[1] not in _SENT_BY_SERVERS)
