"""How SCIM says no (RFC 7644 section 3.12)."""

from typing import Any

import orjson

from authgate.api.problems import Problem
from authgate.web.machine import NO_STORE, Headers, Reply

MEDIA_TYPE = "application/scim+json"
_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_JSON = (b"content-type", MEDIA_TYPE.encode())


class ScimError(Exception):
    """A refusal; ``scim_type`` is a word of RFC 7644's table 9, or of RFC 9865's."""

    def __init__(
        self, status: int, detail: str, scim_type: str = "", *, headers: Headers = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.headers = headers

    def told(self) -> dict[str, Any]:
        """The refusal as JSON; the status is a text there."""
        content = {"schemas": [_SCHEMA], "status": str(self.status), "detail": self.detail}
        return content | ({"scimType": self.scim_type} if self.scim_type else {})


def not_found() -> ScimError:
    """There is no such thing here, for whoever asks."""
    return ScimError(404, "There is no such resource.")


def invalid_value(detail: str) -> ScimError:
    """A value cannot be, or one is missing."""
    return ScimError(400, detail, "invalidValue")


def of_problem(problem: Problem) -> ScimError:
    """The same refusal in SCIM's words."""
    detail = problem.detail or problem.title
    kind = "invalidSyntax" if problem.kind == "malformed" else ""
    return ScimError(problem.status, f"{detail.rstrip('.')}.", kind, headers=problem.headers)


def reply(error: ScimError) -> Reply:
    """The refusal as it is sent."""
    return Reply(error.status, orjson.dumps(error.told()), (_JSON, *NO_STORE), own=error.headers)
