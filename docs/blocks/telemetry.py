"""What is measured, traced and written down."""

import ast
import inspect

from authgate import audit
from authgate.audit import Event
from authgate.audit.meanings import MEANINGS
from authgate.telemetry import job_metrics, metrics
from authgate.telemetry.tracing import Attribute
from blocks.words import member_docstrings, table_of


def measurements() -> str:
    """Each family of measurements, as ``metrics`` and ``job_metrics`` declare it."""
    kinds = {
        "Count": "counter",
        "Distribution": "histogram",
        "Level": "gauge",
        "constant": "gauge",
    }
    rows = [
        _measurement(kinds[call.func.id], call)
        for module in (metrics, job_metrics)
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in kinds
    ]
    return table_of(("name", "kind", "labels", "meaning"), rows)


def _measurement(kind: str, call: ast.Call) -> tuple[str, ...]:
    name, meaning, *labels = [ast.literal_eval(each) for each in call.args]
    labels += [each.arg for each in call.keywords if each.arg not in (None, "buckets", "together")]
    return f"`{name}`", kind, ", ".join(f"`{each}`" for each in labels), meaning


def span_attributes() -> str:
    """Everything that a span may say, as ``telemetry.tracing`` declares it."""
    said = member_docstrings(Attribute)
    return table_of(("attribute", "holds"), [(f"`{each}`", said[each]) for each in Attribute])


def audit_events() -> str:
    """Every event that is written down, as ``audit`` declares it."""
    rows = [
        (f"`{each}`", audit.event(each, actor=audit.SYSTEM).severity, MEANINGS[each])
        for each in Event
    ]
    return table_of(("event", "severity", "when"), rows)
