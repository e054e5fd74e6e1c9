"""What would change at a tenant: each change with the requests that make it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from authgate.cli.declaration.differences import Difference
from authgate.cli.doors.admin_api import JSON, MERGE_PATCH, Asked


class Act(StrEnum):
    """What becomes of a thing."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Request:
    """A request for the API, but for what is secret in it."""

    method: str
    path: str
    said: Mapping[str, Any] | None = None
    etag: str | None = None
    """Of what the plan has seen: the request is refused where it is something else by then."""
    is_first: bool = False
    """Whether the plan has seen nothing: the request is refused where there is something by then.
    """

    def asked(self, said: Mapping[str, Any] | None) -> Asked:
        """As it is sent, with this body; once, however often it gets there."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if self.method == "POST" else {}
        if self.etag is not None:
            headers["If-Match"] = self.etag
        if self.is_first:
            headers["If-None-Match"] = "*"
        if said is None:
            return Asked(self.method, self.path, headers)
        headers["Content-Type"] = MERGE_PATCH if self.method == "PATCH" else JSON
        return Asked(self.method, self.path, headers, json.dumps(said).encode())


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one thing."""

    act: Act
    section: str
    name: str
    """Which of the section; empty where it is the section itself."""

    differences: Sequence[Difference]
    requests: Sequence[Request]
    pointer: str = ""
    """Where the file says so."""

    @property
    def title(self) -> str:
        """What it is about, for people."""
        return f"{self.section} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it, in the order in which it is done."""

    issuer: str | None
    changes: Sequence[Change]

    def count(self, act: Act) -> int:
        """How many changes are of this kind."""
        return sum(each.act is act for each in self.changes)

    def told(self) -> dict[str, Any]:
        """For programs, and to be compared with what a plan says later."""
        shown = ("act", "section", "name", "differences", "state")
        changes = [
            asdict(each) | {"state": [it.etag for it in each.requests if it.etag]}
            for each in self.changes
        ]
        return {
            "issuer": self.issuer,
            "changes": [{name: each[name] for name in shown} for each in changes],
        }
