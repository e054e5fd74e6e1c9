"""Every value of the chart is explained, used, and refused where it makes no sense."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import helm_python
import pytest
import yaml

if TYPE_CHECKING:
    from tests.deploy.conftest import Chart

Values = dict[str, Any]

_OBJECTS = {"resources", "annotations", "labels", "nodeSelector", "tolerations", "affinity"}
"""What Kubernetes explains."""


def test_every_value_is_explained(repository: Path) -> None:
    lines = (repository / "helm/values.yaml").read_text().splitlines()
    silent = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"\s*[A-Za-z_]+:", line)
        and not before.strip().startswith("#")
        and not _is_inside_of_an_object(lines, line)
        and not _opens_a_section(lines, line)
    ]
    assert not silent


def _is_inside_of_an_object(lines: list[str], line: str) -> bool:
    return line.strip().startswith(("requests:", "limits:", "cidr:", "except:"))


def _opens_a_section(lines: list[str], line: str) -> bool:
    after = lines[lines.index(line) + 1 :]
    return line.endswith(":") and after[0].strip().startswith("#")


def test_every_value_has_its_place_in_the_schema_and_its_description(repository: Path) -> None:
    schema = json.loads((repository / "helm/values.schema.json").read_text())
    values = yaml.safe_load((repository / "helm/values.yaml").read_text())
    undescribed = [
        ".".join(path) for path, part in _places(schema, schema) if not part.get("description")
    ]
    assert not undescribed
    known = {path for path, _ in _places(schema, schema)}
    assert {path for path, _ in _leaves(values)} <= known


def _places(schema: Values, part: Values, path: tuple[str, ...] = ()) -> Iterator[Any]:
    for name, inner in part.get("properties", {}).items():
        if "$ref" in inner:
            inner = schema["definitions"][inner["$ref"].rpartition("/")[2]]  # noqa: PLW2901
        yield (*path, name), inner
        if name not in _OBJECTS:
            yield from _places(schema, inner, (*path, name))


def _leaves(values: Values, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value and name not in _OBJECTS:
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def test_every_value_is_used(
    repository: Path, lenient_chart: "Chart", all_values: dict[str, Values]
) -> None:
    """Changed, it changes what is made: in one file of values at least."""
    defaults = yaml.safe_load((repository / "helm/values.yaml").read_text())
    before = {name: lenient_chart.text(values) for name, values in all_values.items()}

    def matters(path: tuple[str, ...], default: Any, name: str) -> bool:
        try:
            return lenient_chart.text(_changed(all_values[name], path, default)) != before[name]
        except helm_python.HelmError:
            return False  # it does not fit the others in this file

    unused = [
        ".".join(path)
        for path, default in _leaves(defaults)
        if not any(matters(path, default, name) for name in all_values)
    ]
    assert not unused


def _changed(values: Values, path: tuple[str, ...], default: Any) -> Values:
    changed = copy.deepcopy(values)
    inner = changed
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = _another(inner.get(path[-1], default))
    return changed


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return [*value, {"name": "another"}]
        case dict():
            return {**value, "another": "one"}
        case _:
            return f"{value}9"


def test_the_settings_of_the_schema_are_those_of_the_code(
    repository: Path, reference: ModuleType
) -> None:
    schema = (repository / "helm/values.schema.json").read_text()
    assert reference.chart_schema(schema) == schema, "run `python docs/reference.py`"
    settings = json.loads(schema)["properties"]["settings"]["properties"]
    assert "workers" in settings["server"]["properties"]
    assert "url" not in settings["database"]["properties"]  # a secret


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("web.replicas", "two", "at '/web/replicas': got string, want integer"),
        ("web.replica", 2, "at '/web': additional properties 'replica' not allowed"),
        ("settings.server.prot", 1, "additional properties 'prot' not allowed"),
        ("settings.server.workers", 0, "at '/settings/server/workers'"),
        ("settings.log_level", "loud", "at '/settings/log_level'"),
        ("settings.database.url", "postgres://x", "additional properties 'url' not allowed"),
        ("image.digest", "sha256:123", "at '/image/digest'"),
        ("image.tag", "latest", "image.tag is latest, which is another image tomorrow"),
        ("image.repository", "", "image.repository is not set: build the image"),
        ("settings.base_url", "", "settings.base_url is not set: give the https address"),
        ("settings.base_url", "http://login.example.com", "has to begin with https://"),
        ("secrets.existingSecret", "", "secrets.existingSecret is not set"),
        ("secrets.owner.existingSecret", "", "the migration needs the URL of the owner"),
        ("secrets.values.kek", "00ff", "secrets.values.kek does nothing beside"),
        ("secrets.keys.kek", "", "at '/secrets/keys/kek'"),
        ("serviceMonitor.enabled", True, "serviceMonitor.enabled needs a metrics token"),
        ("ingress.enabled", True, "ingress.hosts is empty"),
        ("httpRoute.enabled", True, "httpRoute.parentRefs is empty"),
        ("service.type", "ExternalName", "at '/service/type'"),
        ("web.disruptionBudget.maxUnavailable", "many", "at '/web/disruptionBudget"),
        ("pod.extraEnv", [{"name": "AUTHGATE_BASE_URL"}], "at '/pod/extraEnv/0/name'"),
        ("web.resources.limits", None, "at '/web/resources'"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    chart: "Chart", all_values: dict[str, Values], path: str, value: Any, said: str
) -> None:
    values = copy.deepcopy(all_values["minimal"])
    *sections, name = path.split(".")
    inner = values
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[name] = value
    with pytest.raises(helm_python.HelmError, match=re.escape(said)):
        chart.text(values)


@pytest.mark.parametrize("name", ["databaseUrl", "redisUrl", "kek", "ownerUrl"])
def test_secrets_to_make_are_asked_for_by_name(
    chart: "Chart", all_values: dict[str, Values], name: str
) -> None:
    values = copy.deepcopy(all_values["own-secrets"])
    del values["secrets"]["values"][name]
    said = "owner.existingSecret is not set" if name == "ownerUrl" else f"secrets.values.{name}"
    with pytest.raises(helm_python.HelmError, match=said):
        chart.text(values)
