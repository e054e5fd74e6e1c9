"""Every way to say no, worded once for each door: a page for people, JSON for machines."""

from collections.abc import Mapping

import structlog

from authgate import storage
from authgate.oauth import responses
from authgate.oauth.errors import (
    InvalidRequest,
    OAuthError,
    PayloadTooLarge,
    RateLimited,
    ServerError,
    TemporarilyUnavailable,
)
from authgate.telemetry import metrics
from authgate.web.edge import Abandoned, MethodNotAllowed, TooLarge, TooSlow
from authgate.web.limits import TooMany
from authgate.web.machine import NO_STORE, BadRequest, Reply
from authgate.web.pages import Pages
from authgate.web.view_models import ErrorPage, ErrorReason

RETRY_SECONDS = 2
"""When to come back while the database is away."""

_HTML = (b"content-type", b"text/html; charset=utf-8")
_log = structlog.get_logger(__name__)


class Refusals:
    """How the edge and the machine door say no."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def no_tenant(self, request_id: str, *, html: bool) -> Reply:
        """There is no such tenant here."""
        return self._worded(
            404, "not_found", "No such tenant.", request_id, ErrorReason.UNKNOWN_TENANT, html
        )

    def unknown_host(self, request_id: str, *, html: bool) -> Reply:
        """Nobody here answers to this host name (RFC 9110 section 15.5.20)."""
        return self._worded(421, "misdirected_request", "Unknown host.", request_id, None, html)

    def suspended(self, request_id: str, *, html: bool) -> Reply:
        """The tenant is not served at the moment."""
        return self._worded(
            403,
            "access_denied",
            "This tenant is suspended.",
            request_id,
            ErrorReason.SUSPENDED_TENANT,
            html,
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

    def failed(self, error: Exception, request_id: str, *, html: bool) -> Reply:
        """The answer to an error that came before anybody knew which door it is for."""
        if not html:
            return self.of(error)
        refusal = _as_oauth(error)
        content = ErrorPage(status=refusal.status, request_id=request_id)
        headers = (_HTML, *responses.retry_after(refusal))
        page = self._pages.render("error.html", page=content)
        return Reply(refusal.status, page.encode(), headers)

    def _worded(
        self,
        status: int,
        code: str,
        description: str,
        request_id: str,
        reason: ErrorReason | None,
        html: bool,
    ) -> Reply:
        if html:
            content = ErrorPage(status=status, request_id=request_id, reason=reason)
            page = self._pages.render("error.html", page=content)
            return Reply(status, page.encode(), (_HTML,))
        told: Mapping[str, str] = {"error": code, "error_description": description}
        return Reply.json(status, told)


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
        case TooMany():
            return RateLimited("Too many requests.", retry_after=error.retry_after)
    if storage.is_outage(error):
        metrics.unavailable.add("database")
        _log.warning("storage unavailable", exc_info=error)
        return TemporarilyUnavailable("Try again in a moment.", retry_after=RETRY_SECONDS)
    _log.error("request failed", exc_info=error)
    return ServerError("An internal error occurred.")
