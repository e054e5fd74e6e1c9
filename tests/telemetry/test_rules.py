"""The dashboard and the alerts ask for what the server tells, and each alert has its runbook."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from authgate import readings  # noqa: F401  # with it, all that a server measures is declared
from authgate.telemetry.families import REGISTRY

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "deploy/observability"

# What Prometheus adds to every series, and what it makes itself of its rules.
OF_THE_TARGET = {"job", "instance"}
RECORDED = re.compile(r"authgate:\w+:\w+")


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "prometheus-rules.yaml").read_text())["groups"]
    assert len({group["name"] for group in groups}) == len(groups)
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def alerts(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if "alert" in rule]


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    return content


@pytest.fixture(scope="module")
def asked(rules: list[dict[str, Any]], dashboard: dict[str, Any]) -> dict[str, Any]:
    """Every expression, parsed, by what asks it. Raises ``ValueError`` for one that is none."""
    expressions = {rule.get("alert") or rule["record"]: rule["expr"] for rule in rules}
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expressions[f"{panel['title']} {target['refId']}"] = target["expr"]
    return {
        name: promql_parser.parse(expression.replace("$__rate_interval", "5m"))
        for name, expression in expressions.items()
    }


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """Each series that the server can tell, with its labels."""
    series: dict[str, set[str]] = {}
    for collector in list(REGISTRY._collector_to_names):
        family: Any = collector
        for suffix, labels in _suffixes(family._type):
            series[f"{family._name}{suffix}"] = {*family._labelnames, *labels}
    return series


def _suffixes(kind: str) -> list[tuple[str, tuple[str, ...]]]:
    if kind == "histogram":
        return [("_bucket", ("le",)), ("_sum", ()), ("_count", ())]
    return [("_total" if kind == "counter" else "", ())]


def selectors(expression: Any) -> Iterator[Any]:
    """Every series that an expression selects."""
    found: list[Any] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(expression, visit)
    yield from found


def test_whatever_is_asked_for_is_told(
    asked: dict[str, Any], told: dict[str, set[str]], rules: list[dict[str, Any]]
) -> None:
    recorded = {rule["record"] for rule in rules if "record" in rule}
    missing = {
        (name, selector.name)
        for name, expression in asked.items()
        for selector in selectors(expression)
        if selector.name not in told.keys() | recorded
    }
    assert not missing
    assert len(asked) > 60


def test_whatever_it_is_chosen_by_is_a_label_of_it(
    asked: dict[str, Any], told: dict[str, set[str]]
) -> None:
    unknown = {
        (name, selector.name, matcher.name)
        for name, expression in asked.items()
        for selector in selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name not in told.get(selector.name, set()) | OF_THE_TARGET
    }
    assert not unknown


def test_whatever_it_is_grouped_by_is_a_label_of_something_in_it(
    asked: dict[str, Any], told: dict[str, set[str]]
) -> None:
    unknown = []
    for name, expression in asked.items():
        labels = set().union(*(told.get(each.name, set()) for each in selectors(expression)))
        written = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression.prettify())
        grouped = {label.strip() for group in written for label in group.split(",")}
        unknown += [(name, label) for label in grouped - labels - OF_THE_TARGET - {""}]
    assert not unknown


def test_whatever_value_is_chosen_is_one_that_the_server_has(
    asked: dict[str, Any],
) -> None:
    written = {text for path in _sources() for text in _texts(path)} | {"5xx"}
    chosen = {
        value
        for expression in asked.values()
        for selector in selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name not in OF_THE_TARGET
        for value in matcher.value.split("|")
    }
    assert chosen
    assert not chosen - written


def _sources() -> Iterator[Path]:
    yield from (REPOSITORY / "platform/authgate").rglob("*.py")


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_what_the_server_tells_has_no_label_that_prometheus_gives_itself(
    told: dict[str, set[str]],
) -> None:
    """Prometheus would call it ``exported_job``."""
    assert not {name for name, labels in told.items() if labels & OF_THE_TARGET}


def test_every_alert_says_what_it_means_and_where_to_read_on(
    alerts: list[dict[str, Any]],
) -> None:
    for alert in alerts:
        assert re.fullmatch(r"AuthGate[A-Z][A-Za-z]+", alert["alert"])
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert set(alert["annotations"]) == {"summary", "description", "runbook"}
        assert alert["annotations"]["description"].endswith(".")
        anchor = alert["alert"].lower()
        assert alert["annotations"]["runbook"] == f"docs/observability.md#{anchor}"


def test_every_alert_has_its_runbook_with_its_reasons(alerts: list[dict[str, Any]]) -> None:
    page = (REPOSITORY / "docs/observability.md").read_text()
    section = re.compile(r"^### (AuthGate\w+)\n\n(.+?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)
    sections = dict(section.findall(page))
    assert list(sections) == [alert["alert"] for alert in alerts]
    for name, text in sections.items():
        assert len(text.split()) > 25, name
        assert re.search(r"^\*\*Threshold\.\*\* ", text, re.MULTILINE), name
        assert re.search(r"^\*\*Do\.\*\* ", text, re.MULTILINE), name


def test_what_a_text_shows_of_a_label_is_in_what_the_alert_finds(
    alerts: list[dict[str, Any]],
) -> None:
    for alert in alerts:
        shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(alert["annotations"])))
        assert all(re.search(rf"\b{label}\b", alert["expr"]) for label in shown), alert["alert"]


def test_the_dashboard_can_be_imported(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert dashboard["uid"] == "authgate"
    assert "id" not in dashboard
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["description"]
            assert panel["targets"]


def test_no_panel_lies_on_another(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & covered, panel["title"]
        taken |= covered


def test_everything_that_is_measured_is_on_the_dashboard_or_in_an_alert(
    asked: dict[str, Any], told: dict[str, set[str]]
) -> None:
    used = {selector.name for expression in asked.values() for selector in selectors(expression)}
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in used}
    left_out = {
        name
        for name in {re.sub(r"_(bucket|sum|count|total)$", "", each) for each in told}
        if name.startswith("authgate_") and name not in families
    }
    assert not left_out
