"""What would change of the tenant's own mail server."""

from collections.abc import Iterator, Mapping
from typing import Any

from authgate.cli.declaration.differences import Difference, between
from authgate.cli.declaration.plan import Act, Change, Request
from authgate.cli.declaration.state import State
from authgate.cli.declaration.tenant_file import MAIL_SERVER, Declaration

_PATH, _PASSWORD = "/mail-server", "password"


def planned(declared: Declaration, state: State) -> Iterator[Change]:
    """The change, where there is one.

    A password that is kept cannot be compared: it is sent where there is none yet, and whenever
    something else changes.
    """
    said = declared.mail_server
    if said is None:
        return
    seen = state.mail_server
    now = seen.item if seen else None
    after = {name: it for name, it in said.items() if name != _PASSWORD}
    after["host"] = said["host"].strip(" ").removesuffix(".").lower()
    # An older server knows of no plugins, and has none.
    before = {name: now.get(name, "") for name in after} if now else {}
    differ = [*between(before, after), *_password(said, now)]
    if differ:
        body = {name: it for name, it in said.items() if it is not None}
        act, pointer = Act.UPDATE if seen else Act.CREATE, f"/{MAIL_SERVER}"
        etag = seen.etag if seen else None
        request = Request("POST", _PATH, body, etag, is_first=seen is None)
        yield Change(act, MAIL_SERVER, "", differ, [request], pointer)


def _password(said: Mapping[str, Any], now: Mapping[str, Any] | None) -> Iterator[Difference]:
    if said[_PASSWORD] is not None and not (now and now["has_password"]):
        yield Difference(_PASSWORD, None, said[_PASSWORD])
