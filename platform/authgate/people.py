"""The door for people: Quart, one transaction for each request, and refusals as pages."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from quart import Blueprint, Quart, Response, request
from quart.ctx import RequestContext
from quart.routing import QuartRule
from quart.wrappers import Response as QuartResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from authgate import audit, storage
from authgate.accounts import visits
from authgate.accounts.answers import page, see_other, tell_of_limit
from authgate.accounts.login_policy import LoginDenied, PolicyUnavailable, StepUpRequired
from authgate.accounts.passwords import TooBusy
from authgate.accounts.visits import NotSignedIn
from authgate.clock import Clock
from authgate.languages import readers, text
from authgate.languages.readers import Reader
from authgate.refusals import RETRY_SECONDS
from authgate.storage.tenants.quotas import QuotaReached
from authgate.telemetry import metrics
from authgate.web import session_cookie
from authgate.web.csrf import ForgedForm
from authgate.web.limits import TooMany
from authgate.web.machine import FIELD_LIMIT
from authgate.web.pages import Pages
from authgate.web.places import Crowded, Places
from authgate.web.view_models import ErrorPage, ErrorReason
from authgate_tenants import Tenant, current_tenant

_log = structlog.get_logger(__name__)


class BadForm(ValueError):
    """A form that no page of ours sends. The text may be told."""


class _Address(QuartRule):
    """The address of a page, by which it is found.

    What would write it is compiled when it is first asked for: pages of ours are not, and to do so
    beforehand takes half of what a server does until it is ready.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder

        def write(self: QuartRule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(self, **values)

        return write


class PeopleApp(Quart):
    """Quart with one unit of work around each request, committed before the answer leaves."""

    url_rule_class = _Address

    def __init__(
        self,
        *,
        pages: Pages,
        serves: Callable[[Tenant], Awaitable[bool]],
        clock: Clock,
        body_limit: int,
        body_seconds: float,
        at_once: int,
        hides: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        super().__init__("authgate", static_folder=None)
        self._serves = serves
        self._places = Places(at_once)
        self._hides = hides
        self._pages = pages
        self._clock = clock
        self.config["MAX_CONTENT_LENGTH"] = body_limit
        self.config["BODY_TIMEOUT"] = body_seconds
        self.config["MAX_FORM_PARTS"] = FIELD_LIMIT
        self.before_request(self._begin)
        self.after_request(self._end)
        self.register_error_handler(NotSignedIn, self._to_sign_in)
        self.register_error_handler(ForgedForm, self._forged)
        self.register_error_handler(BadForm, self._bad_form)
        self.register_error_handler(TooMany, self._too_many)
        self.register_error_handler(QuotaReached, self._quota_reached)
        self.register_error_handler(TooBusy, self._busy)
        self.register_error_handler(LoginDenied, self._login_denied)
        self.register_error_handler(StepUpRequired, self._step_up_required)
        self.register_error_handler(PolicyUnavailable, self._policy_unavailable)
        self.register_error_handler(HTTPException, self._http)
        self.register_error_handler(Exception, self._failed)

    def mount(self, blueprints: Iterable[Blueprint]) -> None:
        """Serve these pages."""
        for blueprint in blueprints:
            self.register_blueprint(blueprint)

    async def full_dispatch_request(
        self, request_context: RequestContext | None = None
    ) -> QuartResponse | WerkzeugResponse:
        """Answer a request inside of its unit of work, which begins once all of it is here."""
        try:
            readers.has_come(_reader())
            await _receive()
            if not await self._serves(current_tenant()):
                return self._error_page(403, reason=ErrorReason.SUSPENDED_TENANT)
            self._places.refuse_crowd()
            async with storage.transaction(place=self._places) as unit:
                response = await super().full_dispatch_request(request_context)
                if response.status_code >= 500:
                    unit.doom()
                return response
        except HTTPException as error:
            # Outside of the unit: the form is too large, or did not come in time.
            return await self._http(error)
        except Crowded:
            metrics.unavailable.add("pages")
            return self._unavailable()
        except Exception as error:  # noqa: BLE001  # every failure is answered with a page
            # Outside of the unit: it could not be opened, or its COMMIT failed.
            return await self._failed(error)

    async def _begin(self) -> None:
        if self._hides(request.path):  # before whatever would tell that it is there elsewhere
            raise NotFound
        if request.routing_exception is not None:
            raise request.routing_exception
        if "\0" in request.path:
            raise NotFound
        if request.method == "POST":
            _check(list((await request.form).items(multi=True)))
        await visits.begin(self._clock())

    async def _end(self, response: Response) -> Response:
        audit.acting_for.set(None)
        audit.in_session(None)
        return visits.remember_browser(response)

    async def _to_sign_in(self, _error: NotSignedIn) -> Response:
        # A form is not sent again by itself, so its address leads nowhere.
        wanted = _address() if request.method == "GET" else "/"
        target = f"{current_tenant().prefix}{wanted}"
        return see_other(f"/login?return_to={_quoted(target)}")

    async def _forged(self, _error: ForgedForm) -> Response:
        return self._error_page(403, reason=ErrorReason.STALE_FORM)

    async def _bad_form(self, error: BadForm) -> Response:
        return self._error_page(400, detail=str(error))

    async def _too_many(self, error: TooMany) -> Response:
        return tell_of_limit(self._error_page(429, retry_seconds=error.retry_after), error)

    async def _quota_reached(self, error: QuotaReached) -> Response:
        return self._error_page(403, reason=ErrorReason.QUOTA_REACHED, detail=str(error))

    async def _busy(self, _error: TooBusy) -> Response:
        return self._unavailable()

    async def _login_denied(self, error: LoginDenied) -> Response:
        return self._error_page(403, reason=ErrorReason.LOGIN_DENIED, detail=error.text)

    async def _step_up_required(self, _error: StepUpRequired) -> Response:
        told = text("More than this is asked for here, to be sure that it is you.")
        return self._error_page(403, reason=ErrorReason.LOGIN_DENIED, detail=told)

    async def _policy_unavailable(self, _error: PolicyUnavailable) -> Response:
        response = self._error_page(503, reason=ErrorReason.LOGIN_UNDECIDED)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response

    async def _http(self, error: HTTPException) -> Response:
        response = self._error_page(error.code or 500)
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    async def _failed(self, error: Exception) -> Response:
        if storage.is_outage(error):
            metrics.unavailable.add("database")
            _log.warning("storage unavailable", exc_info=error)
            return self._unavailable()
        _log.error("request failed", exc_info=error)
        return self._error_page(500)

    def _unavailable(self) -> Response:
        response = self._error_page(503, retry_seconds=RETRY_SECONDS)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response

    def _error_page(
        self,
        status: int,
        *,
        reason: ErrorReason | None = None,
        detail: str = "",
        retry_seconds: int | None = None,
    ) -> Response:
        exchange = request.scope["authgate.exchange"]  # type: ignore[typeddict-item]  # the edge's own
        content = ErrorPage(
            status=status,
            request_id=exchange.request_id,
            reason=reason,
            detail=detail,
            retry_at=self._in(retry_seconds) if retry_seconds else None,
        )
        return page(self._pages.render("error.html", page=content), status)

    def _in(self, seconds: int) -> datetime:
        return self._clock() + timedelta(seconds=seconds)


def _reader() -> Reader:
    return Reader(
        accept_language=",".join(request.headers.getlist("Accept-Language")),
        chosen=session_cookie.read(request.headers, session_cookie.LANGUAGE) or "",
        here=_address() if request.method == "GET" else "",
    )


def _address() -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{request.path}?{query}" if query else request.path


async def _receive() -> None:
    exchange = request.scope["authgate.exchange"]  # type: ignore[typeddict-item]
    exchange.route = request.url_rule.rule if request.url_rule else "other"
    if request.method == "POST" and request.routing_exception is None:
        # Who never ends a form must not hold a connection, on SQLite the only one that writes.
        await request.form


def _check(fields: list[tuple[str, str]]) -> None:
    names = {name for name, _ in fields}
    if len(fields) > FIELD_LIMIT:
        raise BadForm(text("The form has too many fields."))
    if len(names) < len(fields):
        raise BadForm(text("A field of the form was sent twice."))
    if any("\0" in name or "\0" in value for name, value in fields):
        raise BadForm(text("A field of the form holds a NUL character."))


def _quoted(target: str) -> str:
    # Only what a safe return_to may hold stays as it is; the rest could end the parameter.
    return target.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("#", "%23")
