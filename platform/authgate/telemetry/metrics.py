"""What is measured, for Prometheus: one prefix, base units, few labels.

Several server processes write into the folder that ``PROMETHEUS_MULTIPROC_DIR`` names, which has
to be set before this module is imported; whoever of them is asked then answers for all.
"""

import os
import platform

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from authgate import __version__
from authgate.telemetry.families import OTHER, REGISTRY, Count, Distribution, constant

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Whatever else a request calls itself is counted together."""

_STATUS_CLASSES = {1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PLUGIN_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_JOB_SECONDS = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300)
_BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

_request_seconds = Distribution(
    "authgate_http_request_duration_seconds",
    "From a request's first line to its answer's last byte.",
    "route",
    "method",
    "status_class",
    buckets=_REQUEST_SECONDS,
)
tokens_issued = Count("authgate_tokens_issued_total", "Tokens issued, by grant.", "grant")
logins = Count("authgate_logins_total", "Sign-ins tried by people.", "method", "result")
device_requests = Count(
    "authgate_device_requests_total", "Device authorizations, by what became of them.", "result"
)
rate_limited = Count(
    "authgate_rate_limited_total", "Requests refused because there were too many.", "rule"
)
client_authentications = Count(
    "authgate_client_authentications_total", "Clients that proved who they are.", "method", "result"
)
plugin_hook_seconds = Distribution(
    "authgate_plugin_hook_duration_seconds",
    "Time spent in a plugin.",
    "plugin",
    "hook",
    buckets=_PLUGIN_SECONDS,
)
job_seconds = Distribution(
    "authgate_job_duration_seconds",
    "Time spent on a job, by how it ended.",
    "job",
    "result",
    buckets=_JOB_SECONDS,
)
expired_rows_removed = Count(
    "authgate_expired_rows_removed_total", "Rows removed because their time was over.", "table"
)
append_log_batch_rows = Distribution(
    "authgate_append_log_batch_rows",
    "Rows of tokens and audit events that one transaction stored.",
    buckets=_BATCH_ROWS,
)
constant(
    "authgate_build_info",
    "Version of the server and of what runs it.",
    version=__version__,
    python=platform.python_version(),
)


def request_answered(*, route: str, method: str, status: int, seconds: float) -> None:
    """Note a request by its route as it is declared, never by the path that was asked for."""
    known = method if method in METHODS else OTHER
    _request_seconds.observe(seconds, route, known, _STATUS_CLASSES.get(status // 100, OTHER))


def exposition() -> tuple[str, bytes]:
    """Content type and text of everything measured, by every server process."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it is not annotated
    return CONTENT_TYPE_LATEST, generate_latest(registry)


if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    ProcessCollector(registry=REGISTRY)
