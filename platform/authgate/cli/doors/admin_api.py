"""The admin API of one tenant, as commands ask it.

It has two doors: HTTP, for whoever has an access token, and the installation of this machine, for
its operators. Behind both are the same operations.
"""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from authgate.cli.doors import problems

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

_FULL_PAGE = 100
_UNCHANGED = 304

_NONE: Mapping[str, str] = MappingProxyType({})

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for the API."""

    method: str
    path: str
    """Below the API, percent-encoded, with its query."""

    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    body: bytes = b""

    @property
    def may_be_asked_again(self) -> bool:
        """Whether nothing is done twice by it, where its answer was lost."""
        return self.method == "GET" or "Idempotency-Key" in self.headers


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answers."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""

    body: bytes = b""

    def json(self) -> Any:
        """What its body says; ``None`` where there is none, or it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Door(Protocol):
    """Where requests for the API are taken."""

    def send(self, asked: Asked) -> Answer:
        """The answer, whatever it is. Raises ``Failure`` where there is none."""
        ...

    def together(self) -> AbstractContextManager[bool]:
        """Tells whether nothing stays of what is asked inside, where the block fails."""
        ...


class AdminApi:
    """What commands ask of the API. Whatever it refuses raises ``Failure``."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def get(self, path: str, **query: object) -> Document:
        """Read something."""
        return self._told(self._asked(Asked("GET", f"{path}{_query(query)}")))

    def seen(self, path: str) -> tuple[Document, str]:
        """Read something, with the tag of the state that it is in."""
        answer = self._asked(Asked("GET", path))
        return self._told(answer), answer.headers["etag"]

    def again(
        self, path: str, *, tag: str, wait_seconds: int, **query: object
    ) -> tuple[Document | None, str]:
        """Read something once it is in another state than this one, and the tag of that; ``None``
        where it still is not. Where nobody waits for that, whoever asks does."""
        headers = {"Prefer": f"wait={wait_seconds}", **({"If-None-Match": tag} if tag else {})}
        answer = self._asked(Asked("GET", f"{path}{_query(query)}", headers))
        if answer.status != _UNCHANGED:
            return self._told(answer), answer.headers["etag"]
        if "preference-applied" not in answer.headers:
            time.sleep(1)
        return None, tag

    def items(
        self, path: str, *, limit: int | None, **query: object
    ) -> tuple[list[Document], bool]:
        """What a list has, from its beginning, and whether there is more of it."""
        found: list[Document] = []
        cursor = None
        while limit is None or len(found) < limit:
            size = _FULL_PAGE if limit is None else min(limit - len(found), _FULL_PAGE)
            page = self.get(path, **query, limit=size, cursor=cursor)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found, cursor is not None

    def each(self, path: str, **query: object) -> Iterator[Document]:
        """All that a list has, page by page, as it is taken."""
        cursor = None
        while True:
            page = self.get(path, **query, limit=_FULL_PAGE, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def post(
        self, path: str, said: Document | None = None, *, things: Mapping[str, str] = _NONE
    ) -> Document:
        """Make something, or have something done: once, however often the request gets there.

        ``things`` are what ``said`` has at places that a refusal may name.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        asked = Asked("POST", path, headers)
        if said is not None:
            headers["Content-Type"] = JSON
            asked = Asked("POST", path, headers, json.dumps(said).encode())
        return self._told(self._asked(asked, things))

    def replace(self, path: str, said: Document, *, etag: str | None) -> Document:
        """Have something be so that was in this state, or was not there (``None``), when it was
        seen: refused where it is another one by now."""
        expected = {"If-Match": etag} if etag else {"If-None-Match": "*"}
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": JSON, **expected}
        return self._told(self._asked(Asked("POST", path, headers, json.dumps(said).encode())))

    def change(self, path: str, patch: Document) -> Document:
        """Change something (RFC 7396), unless somebody else does in the same moment."""
        _, etag = self.seen(path)
        headers = {"If-Match": etag, "Content-Type": MERGE_PATCH}
        return self._told(self._asked(Asked("PATCH", path, headers, json.dumps(patch).encode())))

    def delete(self, path: str) -> None:
        """Remove something."""
        self._asked(Asked("DELETE", path))

    def raw(self, asked: Asked) -> Answer:
        """The answer, whatever it is."""
        return self._door.send(asked)

    def together(self) -> AbstractContextManager[bool]:
        """Have all that is asked inside done at once, where the door can; tells whether it does."""
        return self._door.together()

    def _asked(self, asked: Asked, things: Mapping[str, str] = _NONE) -> Answer:
        answer = self._door.send(asked)
        problems.refuse(answer.status, answer.json(), asked.path, things=things)
        return answer

    def _told(self, answer: Answer) -> Document:
        told: Document = answer.json() or {}
        return told


def within(*segments: str) -> str:
    """A path of the API, with these in it."""
    return "".join(f"/{quote(each, safe='')}" for each in segments)


def _query(query: Mapping[str, object]) -> str:
    given = {name: _text(value) for name, value in query.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote)}" if given else ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
