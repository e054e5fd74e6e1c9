"""Every way to say no, worded once for each door: a page for people, JSON for machines, a problem
for whoever calls the API."""

from collections.abc import Mapping

import structlog

from authgate import storage
from authgate.api import problems
from authgate.api.problems import (
    BadCursor,
    ContentTooLarge,
    InternalError,
    Malformed,
    Problem,
    QuotaReached,
    RequestTimeout,
    TooManyRequests,
    Unavailable,
)
from authgate.oauth import responses
from authgate.oauth.errors import (
    InvalidRequest,
    OAuthError,
    PayloadTooLarge,
    QuotaExceeded,
    RateLimited,
    ServerError,
    TemporarilyUnavailable,
)
from authgate.scim import errors as scim_errors
from authgate.scim.errors import ScimError
from authgate.storage import paging
from authgate.storage.tenants import quotas
from authgate.telemetry import metrics
from authgate.web.asgi import Abandoned, TooLarge, TooSlow
from authgate.web.edge import MethodNotAllowed
from authgate.web.exchange import Wording
from authgate.web.limits import TooMany
from authgate.web.machine import NO_STORE, BadRequest, Reply
from authgate.web.pages import Pages, page_fields
from authgate.web.view_models import ErrorPage, ErrorReason

RETRY_SECONDS = 2
"""When to come back while the database is away."""

_log = structlog.get_logger(__name__)


class Refusals:
    """How the edge and the machine door say no."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def no_tenant(self, request_id: str, *, wording: Wording) -> Reply:
        """There is no such tenant here."""
        return self._worded(
            404, "not_found", "No such tenant.", request_id, ErrorReason.UNKNOWN_TENANT, wording
        )

    def unknown_host(self) -> Reply:
        """Nobody here answers to this host name (RFC 9110 section 15.5.20). Whoever asks is told
        the same, and nothing of what this is."""
        return Reply.json(421, {"error": "misdirected_request"})

    def suspended(self, request_id: str, *, wording: Wording) -> Reply:
        """The tenant is not served at the moment."""
        return self._worded(
            403,
            "access_denied",
            "This tenant is suspended.",
            request_id,
            ErrorReason.SUSPENDED_TENANT,
            wording,
        )

    def blocked(self, request_id: str, *, wording: Wording) -> Reply:
        """The tenant lets nobody in from where this comes."""
        metrics.blocked_requests.add()
        return self._worded(
            403,
            "access_denied",
            "This address is blocked.",
            request_id,
            ErrorReason.BLOCKED_ADDRESS,
            wording,
        )

    def of(self, error: Exception) -> Reply:
        """The answer to an error that a machine endpoint raised."""
        if isinstance(error, MethodNotAllowed):
            allow = (b"allow", error.allowed.encode())
            content = {"error": "invalid_request", "error_description": "Wrong method."}
            return Reply.json(405, content, (*NO_STORE, allow))
        if isinstance(error, TooSlow):
            content = {"error": "invalid_request", "error_description": "The body is too slow."}
            return Reply.json(408, content, NO_STORE)
        return responses.error(_as_oauth(error))

    def problem(self, error: Exception, request_id: str) -> Reply:
        """The answer to an error that an API raised (RFC 9457)."""
        return problems.reply(_as_problem(error), request_id)

    def failed(self, error: Exception, request_id: str, *, wording: Wording) -> Reply:
        """The answer to an error that came before anybody knew which door it is for."""
        if wording is Wording.PROBLEM:
            return self.problem(error, request_id)
        if wording is Wording.SCIM:
            return scim_errors.reply(_as_scim(error))
        if wording is Wording.OAUTH:
            return self.of(error)
        refusal = _as_oauth(error)
        content = ErrorPage(status=refusal.status, request_id=request_id)
        page = self._pages.render("error.html", page=content)
        headers = (*page_fields(), *responses.retry_after(refusal))
        return Reply(refusal.status, page.encode(), headers)

    def _worded(
        self,
        status: int,
        code: str,
        description: str,
        request_id: str,
        reason: ErrorReason | None,
        wording: Wording,
    ) -> Reply:
        if wording is Wording.PROBLEM:
            return problems.plain(status, description, request_id)
        if wording is Wording.SCIM:
            return scim_errors.reply(ScimError(status, description))
        if wording is Wording.PAGE:
            content = ErrorPage(status=status, request_id=request_id, reason=reason)
            page = self._pages.render("error.html", page=content)
            return Reply(status, page.encode(), page_fields())
        told: Mapping[str, str] = {"error": code, "error_description": description}
        return Reply.json(status, told)


def _as_scim(error: Exception) -> ScimError:
    if isinstance(error, ScimError):
        return error
    return scim_errors.of_problem(_as_problem(error))


def _as_problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case BadRequest():
            return Malformed(str(error))
        case paging.BadCursor():
            return BadCursor()
        case quotas.QuotaReached():
            return QuotaReached(str(error))
        case TooMany():
            return TooManyRequests(retry_after=error.retry_after, headers=error.told())
    kind = _OF_BODIES.get(type(error))
    if kind is not None:
        return kind()
    if _is_outage(error):
        return Unavailable(retry_after=RETRY_SECONDS)
    return InternalError()


_OF_BODIES: Mapping[type[Exception], type[Problem]] = {
    Abandoned: Malformed,
    TooLarge: ContentTooLarge,
    TooSlow: RequestTimeout,
}


def _as_oauth(error: Exception) -> OAuthError:
    match error:
        case OAuthError():
            return error
        case BadRequest():
            return InvalidRequest(str(error))
        case Abandoned():
            return InvalidRequest("The request ended before it was whole.")
        case TooLarge():
            return PayloadTooLarge("The body is too large.")
        case quotas.QuotaReached():
            return QuotaExceeded(str(error))
        case TooMany():
            return RateLimited(
                "Too many requests.", retry_after=error.retry_after, left=error.told()
            )
    if _is_outage(error):
        return TemporarilyUnavailable("Try again in a moment.", retry_after=RETRY_SECONDS)
    return ServerError("An internal error occurred.")


def _is_outage(error: Exception) -> bool:
    """Whether the database is away; if not, it is our own fault. Either is logged."""
    if storage.is_outage(error):
        metrics.unavailable.add("database")
        _log.warning("storage unavailable", exc_info=error)
        return True
    _log.error("request failed", exc_info=error)
    return False
