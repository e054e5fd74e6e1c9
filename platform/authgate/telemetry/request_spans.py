"""A request's span says what its log line says, and the line names the span."""

from authgate.telemetry.access_log import AccessLog
from authgate.telemetry.logs import LineHandler, LogSettings
from authgate.telemetry.metrics import METHODS
from authgate.telemetry.tracing import Attribute, Tracer

_FAILED = 500
_OTHER_METHOD, _ANY_METHOD = "_OTHER", "HTTP"
"""How OpenTelemetry's conventions write a method that is none of HTTP's."""


class TracedAccessLog(AccessLog):
    """Tells the open span of a request how it ended. The span gets its name from the route."""

    def __init__(self, settings: LogSettings, handler: LineHandler, tracer: Tracer) -> None:
        super().__init__(settings, handler)
        self._tracer = tracer

    def answered(
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        request_id: str,
        tenant: str,
        ip: str,
    ) -> None:
        """Note a request."""
        is_known = method in METHODS
        self._tracer.note(
            {
                Attribute.METHOD: method if is_known else _OTHER_METHOD,
                Attribute.ROUTE: route,
                Attribute.STATUS: status,
                Attribute.REQUEST_ID: request_id,
                **({Attribute.TENANT: tenant} if tenant else {}),
            },
            name=f"{method if is_known else _ANY_METHOD} {route}",
            failed=status >= _FAILED,
        )
        super().answered(
            method=method,
            route=route,
            status=status,
            seconds=seconds,
            request_id=request_id,
            tenant=tenant,
            ip=ip,
        )

    def _add(self, level: str, fields: dict[str, str | int | float]) -> None:
        super()._add(level, {**fields, **self._tracer.ids()})
