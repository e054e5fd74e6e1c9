"""The chart renders what Kubernetes understands."""

import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from authgate import __version__

if TYPE_CHECKING:
    from tests.deploy.conftest import Chart, Pod

OLDEST, NEWEST = "1.30", "1.37"
OF_OTHERS = {"HTTPRoute", "ServiceMonitor"}
"""Kinds that Kubernetes itself does not know."""


def test_helm_finds_nothing_to_complain_of(repository: Path) -> None:
    found = helm_python.lint(str(repository / "helm"))
    said = [message["error"] for message in found["messages"]]
    assert said == ["icon is recommended"]


def test_the_chart_is_of_this_version(repository: Path) -> None:
    about = yaml.safe_load((repository / "helm/Chart.yaml").read_text())
    assert about["appVersion"] == __version__
    assert about["kubeVersion"].startswith(f">={OLDEST}.")


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_every_manifest(manifests: list[dict[str, Any]], version: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in OF_OTHERS:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_with_a_slip_is_not_taken(manifests: list[dict[str, Any]]) -> None:
    [web] = [each for each in manifests if each["metadata"]["name"].endswith("-web")][:1]
    slipped = {**web, "spec": {**web["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slipped, NEWEST, strict=True)


def test_no_two_things_have_one_name(manifests: list[dict[str, Any]]) -> None:
    names = Counter((each["kind"], each["metadata"]["name"]) for each in manifests)
    assert not [name for name, count in names.items() if count > 1]


def test_names_are_as_short_as_kubernetes_wants_them(chart: "Chart") -> None:
    values = {
        "image": {"repository": "registry.example/authgate"},
        "fullnameOverride": "a" * 63,
        "settings": {"base_url": "https://login.example.com"},
        "secrets": {"existingSecret": "x", "owner": {"existingSecret": "y"}},
    }
    names = [each["metadata"]["name"] for each in chart.manifests(values)]
    assert max(map(len, names)) <= 63


def test_whatever_is_named_is_there(
    manifests: list[dict[str, Any]], pods: "list[Pod]", values: dict[str, Any]
) -> None:
    """ConfigMaps, Secrets, accounts and scaled Deployments."""
    made = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    given = values["secrets"]
    outside = {given.get("existingSecret"), given.get("owner", {}).get("existingSecret")}
    for pod in pods:
        for source in pod.container.get("envFrom", []):
            assert ("ConfigMap", source["configMapRef"]["name"]) in made
        for secret, _ in pod.files.values():
            assert ("Secret", secret) in made or secret in outside
        account = pod.spec["serviceAccountName"]
        assert account == "default" or ("ServiceAccount", account) in made
    for each in manifests:
        if each["kind"] == "HorizontalPodAutoscaler":
            target = each["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in made


def test_what_a_hook_needs_comes_before_it(
    manifests: list[dict[str, Any]], pods: "list[Pod]"
) -> None:
    """A hook runs before the release has anything of its own."""
    hooks = {each["metadata"]["name"]: hook for each in manifests if (hook := _hook(each))}
    own = {each["metadata"]["name"]: each["kind"] for each in manifests if not _hook(each)}
    for pod in pods:
        before = _hook(pod.owner)
        if before is None or "pre-install" not in before[0]:
            continue
        assert pod.spec["serviceAccountName"] not in own
        assert "envFrom" not in pod.container
        for secret, _ in pod.files.values():
            assert own.get(secret) != "Secret"
            if secret in hooks:
                assert hooks[secret] < before  # the same events, a smaller weight


def _hook(manifest: dict[str, Any]) -> tuple[str, int] | None:
    annotations = manifest["metadata"].get("annotations", {})
    event = annotations.get("helm.sh/hook")
    return (event, int(annotations.get("helm.sh/hook-weight", 0))) if event else None


def test_selectors_meet_the_pods_they_are_for_and_no_others(
    manifests: list[dict[str, Any]], pods: "list[Pod]"
) -> None:
    for each in manifests:
        selector = _selector(each)
        if selector is None:
            continue
        met = {pod.component for pod in pods if selector.items() <= pod.metadata["labels"].items()}
        assert met == {each["metadata"]["labels"]["app.kubernetes.io/component"]}, each["metadata"]


def _selector(manifest: dict[str, Any]) -> dict[str, str] | None:
    spec = manifest.get("spec", {})
    match manifest["kind"]:
        case "Service":
            selector = spec["selector"]
        case "NetworkPolicy":
            selector = spec["podSelector"]["matchLabels"]
        case "Deployment" | "PodDisruptionBudget":
            selector = spec["selector"]["matchLabels"]
        case _:
            return None
    assert isinstance(selector, dict)
    return selector


def test_ports_lead_to_ports(manifests: list[dict[str, Any]], pods: "list[Pod]") -> None:
    """Service, Ingress, route, monitor, probes and policy name a port that is listened on."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for each in manifests:
        by_kind.setdefault(each["kind"], []).append(each.get("spec", each))
    [web] = [pod for pod in pods if pod.component == "web"]
    listened = {port["name"]: port["containerPort"] for port in web.container["ports"]}
    [service] = by_kind["Service"]
    offered = {port["name"]: port["port"] for port in service["ports"]}
    assert {port["targetPort"] for port in service["ports"]} <= set(listened)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert web.container[probe]["httpGet"]["port"] in listened
    for ingress in by_kind.get("Ingress", []):
        for rule in ingress["rules"]:
            for path in rule["http"]["paths"]:
                assert path["backend"]["service"]["port"]["name"] in offered
    for route in by_kind.get("HTTPRoute", []):
        assert route["rules"][0]["backendRefs"][0]["port"] in offered.values()
    for monitor in by_kind.get("ServiceMonitor", []):
        assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= set(offered)


def test_a_change_of_settings_replaces_the_pods(
    chart: "Chart", all_values: dict[str, dict[str, Any]]
) -> None:
    before = all_values["minimal"]
    after = {**before, "settings": {**before["settings"], "log_level": "error"}}
    assert _checksums(chart, before).keys() == _checksums(chart, after).keys()
    for component, sums in _checksums(chart, before).items():
        assert sums != _checksums(chart, after)[component]


def _checksums(chart: "Chart", values: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["annotations"]
        for each in chart.manifests(values)
        if each["kind"] == "Deployment"
    }


def test_settings_arrive_as_authgate_reads_them(
    chart: "Chart", all_values: dict[str, dict[str, Any]]
) -> None:
    [settings] = [
        each["data"]
        for each in chart.manifests(all_values["everything"])
        if each["kind"] == "ConfigMap"
    ]
    assert settings["AUTHGATE_SERVER__TRUSTED_PROXIES"] == '["10.0.0.0/8","fd00::/8"]'
    assert settings["AUTHGATE_SERVER__BODY_LIMIT"] == "2000000"
    assert settings["AUTHGATE_SERVER__DRAIN_SECONDS"] == "12.5"
    assert settings["AUTHGATE_DATABASE__PGBOUNCER"] == "true"
    assert settings["AUTHGATE_LIMITS__LOGIN_PER_IP"] == "10/min burst 5"


def test_what_is_told_after_an_install_names_commands_that_exist(
    chart: "Chart", values: dict[str, Any], reference: ModuleType
) -> None:
    [notes] = [text for path, text in chart.text(values).items() if path.endswith("NOTES.txt")]
    told = re.findall(r"authgate (tenant create|migrate|doctor)", notes)
    assert set(told) <= {path for path, _ in reference.every_command()}
    assert "https://login.example.com" in notes
    assert ("authgate migrate" in notes) == (not values.get("migrate", {}).get("enabled", True))
