"""Problems: one class for each way in which the API says no (RFC 9457).

The type of a problem is an address where a person can read what it means.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, NamedTuple

import orjson

from authgate.telemetry import metrics
from authgate.tokens import audiences
from authgate.web.machine import Headers, Reply
from authgate_tenants.scope import tenant_in_scope

MEDIA_TYPE = "application/problem+json"
EXPLAINED = f"{audiences.ADMIN_API}/docs"
"""The page below the issuer that says what each of them means."""

_NO_STORE: Headers = (
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
)


class Fault(NamedTuple):
    """What is wrong with one value of a request."""

    detail: str
    pointer: str | None = None
    """A JSON pointer into the body (RFC 6901)."""
    parameter: str | None = None
    """The name of a parameter or of a header."""

    def told(self) -> dict[str, str]:
        """The fault as a member of ``errors``."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Problem(Exception):
    """A refusal."""

    kind: ClassVar[str]
    """Its name: the end of its type."""
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self, detail: str = "", *, faults: Sequence[Fault] = (), headers: Headers = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.headers = headers


class Malformed(Problem):
    """The request cannot be read: its body is not JSON, or something in it is repeated."""

    kind = "malformed"
    status = 400
    title = "The request cannot be read"


class BadCursor(Problem):
    """The cursor was not made here for this list: begin again without it."""

    kind = "bad-cursor"
    status = 400
    title = "The cursor leads nowhere"


class TokenRequired(Problem):
    """The request brings no access token, or one that is unknown, has ended, or is for something
    else (RFC 6750 section 3)."""

    kind = "token-required"
    status = 401
    title = "A good access token is required"


class RecentSignInRequired(Problem):
    """The person whom the access token speaks for has signed in too long ago for what cannot be
    undone: let them sign in, and ask with a token of that sign-in (RFC 9470)."""

    kind = "recent-sign-in-required"
    status = 401
    title = "Sign in once more for this"


class SecondFactorRequired(Problem):
    """The tenant lets the person whom the access token speaks for administer it with a second
    factor only, and the token is of a sign-in without: let them sign in with ``acr_values=2``
    (RFC 9470)."""

    kind = "second-factor-required"
    status = 401
    title = "Sign in with a second factor for this"


class InsufficientScope(Problem):
    """The access token was not granted the scope that the operation asks for
    (RFC 6750 section 3.1)."""

    kind = "insufficient-scope"
    status = 403
    title = "The access token does not reach this far"


class AdministratorRequired(Problem):
    """The access token speaks for a person who has no part in administering the tenant."""

    kind = "administrator-required"
    status = 403
    title = "Only administrators may do this"


class BeyondOwnRole(Problem):
    """The role of the person is not enough: for the operation, whatever the access token was
    granted, or for changing somebody who may more than they may."""

    kind = "beyond-own-role"
    status = 403
    title = "Your role is not enough for this"


class BeyondOwnScopes(Problem):
    """The client may use scopes of this API that the access token has not got, or that the person's
    role is not enough for: whoever changes such a client could get more than was granted."""

    kind = "beyond-own-scopes"
    status = 403
    title = "This would give more than the access token has"


class NotFound(Problem):
    """The tenant has no such thing, or the API no such path."""

    kind = "not-found"
    status = 404
    title = "There is no such thing"


class MethodNotAllowed(Problem):
    """The path takes other methods, which ``Allow`` lists."""

    kind = "method-not-allowed"
    status = 405
    title = "The path takes other methods"


class RequestTimeout(Problem):
    """The body did not come in time."""

    kind = "request-timeout"
    status = 408
    title = "The request was too slow"


class Conflict(Problem):
    """Something that exists already stands against it."""

    kind = "conflict"
    status = 409
    title = "It does not go together with what exists"


class InFlight(Problem):
    """A request with this ``Idempotency-Key`` is being answered: ask again in a moment."""

    kind = "in-flight"
    status = 409
    title = "The same request is being answered"


class Changed(Problem):
    """It is no longer what ``If-Match`` says: read it again, and decide anew."""

    kind = "changed"
    status = 412
    title = "It was changed meanwhile"


class ContentTooLarge(Problem):
    """The body is larger than any request that makes sense."""

    kind = "content-too-large"
    status = 413
    title = "The body is too large"


class UnsupportedMediaType(Problem):
    """The body is of another media type than the operation takes."""

    kind = "unsupported-media-type"
    status = 415
    title = "The body is of the wrong type"


class Invalid(Problem):
    """The request can be read, but what it says cannot be; ``errors`` say where."""

    kind = "invalid"
    status = 422
    title = "Something in the request is not as it has to be"


class KeyReused(Problem):
    """Another request came with this ``Idempotency-Key`` before."""

    kind = "key-reused"
    status = 422
    title = "The idempotency key belongs to another request"


class QuotaReached(Problem):
    """The tenant has as many of these as its plan allows."""

    kind = "quota-reached"
    status = 403
    title = "The plan allows no more"


class PreconditionRequired(Problem):
    """A change has to say, by ``If-Match``, what it is a change of (RFC 6585 section 3)."""

    kind = "precondition-required"
    status = 428
    title = "If-Match is required"


class TooManyRequests(Problem):
    """Too much, too fast: ``Retry-After`` says when to come back."""

    kind = "too-many-requests"
    status = 429
    title = "Too many requests"

    def __init__(self, *, retry_after: int, headers: Headers = ()) -> None:
        super().__init__(headers=(*headers, (b"retry-after", b"%d" % retry_after)))


class InternalError(Problem):
    """Our fault; the log says which, by the id of the request."""

    kind = "internal-error"
    status = 500
    title = "An internal error occurred"


class Unavailable(Problem):
    """The database is away: ``Retry-After`` says when to come back."""

    kind = "unavailable"
    status = 503
    title = "Not available at the moment"

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(headers=((b"retry-after", b"%d" % retry_after),))


def every() -> list[type[Problem]]:
    """All kinds of problems, by their status."""
    return sorted(Problem.__subclasses__(), key=lambda kind: kind.status)


def reply(problem: Problem, request_id: str) -> Reply:
    """A problem as an answer."""
    metrics.api_problems.add(problem.kind)
    tenant = tenant_in_scope()
    content: dict[str, object] = {
        "type": f"{tenant.issuer}{EXPLAINED}#{problem.kind}" if tenant else "about:blank",
        "title": problem.title,
        "status": problem.status,
        "kind": problem.kind,
    }
    if problem.detail:
        content["detail"] = problem.detail
    if problem.faults:
        content["errors"] = [fault.told() for fault in problem.faults]
    return _reply(problem.status, content, request_id, problem.headers)


def plain(status: int, detail: str, request_id: str) -> Reply:
    """A refusal that comes before any tenant's API (RFC 9457 section 4.2.1)."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return _reply(status, {**content, "detail": detail}, request_id, ())


def _reply(status: int, content: Mapping[str, object], request_id: str, headers: Headers) -> Reply:
    body = orjson.dumps({**content, "request_id": request_id})
    return Reply(status, body, _NO_STORE, headers)
