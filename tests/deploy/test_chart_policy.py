"""What the chart makes is held to rules: pods that can do little, see little, and leave in time."""

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest

from authgate import __version__
from authgate.jobs.job import JOB_SECONDS
from authgate.serving import supervisor
from authgate.settings import Settings

if TYPE_CHECKING:
    from tests.deploy.conftest import Pod

HARMLESS_PROFILE = {"type": "RuntimeDefault"}


def test_every_pod_is_restricted(pods: "list[Pod]") -> None:
    """The level "restricted" of Kubernetes' Pod Security Standards, and a root nobody writes to."""
    assert pods
    for pod in pods:
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["runAsGroup"] > 0
        assert security["seccompProfile"] == HARMLESS_PROFILE
        inside = pod.container["securityContext"]
        assert inside == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for forbidden in ("hostNetwork", "hostPID", "hostIPC", "initContainers"):
            assert forbidden not in pod.spec
        assert not any("hostPath" in volume for volume in pod.spec["volumes"])


def test_no_pod_may_speak_with_kubernetes(
    pods: "list[Pod]", manifests: list[dict[str, Any]]
) -> None:
    assert all(pod.spec["automountServiceAccountToken"] is False for pod in pods)
    accounts = [each for each in manifests if each["kind"] == "ServiceAccount"]
    assert all(each["automountServiceAccountToken"] is False for each in accounts)
    assert not [each for each in manifests if each["kind"].endswith(("Role", "RoleBinding"))]


def test_every_image_is_pinned(pods: "list[Pod]", values: dict[str, Any]) -> None:
    image = values["image"]
    tag = image.get("tag", __version__)
    wanted = f"@{image['digest']}" if "digest" in image else f":{tag}"
    assert {pod.container["image"] for pod in pods} == {f"{image['repository']}{wanted}"}


def test_every_container_says_what_it_uses(pods: "list[Pod]") -> None:
    for pod in pods:
        resources = pod.container["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"])
        assert "memory" in resources["limits"]


def test_every_container_that_stays_is_probed(pods: "list[Pod]") -> None:
    for pod in pods:
        if pod.owner["kind"] == "Deployment":
            assert "livenessProbe" in pod.container
        if pod.component == "web":
            paths = {
                name: pod.container[name]["httpGet"]["path"]
                for name in ("startupProbe", "readinessProbe", "livenessProbe")
            }
            assert paths == {
                "startupProbe": "/startupz",
                "readinessProbe": "/readyz",
                "livenessProbe": "/livez",
            }
        if pod.component in ("worker", "beat"):
            assert pod.container["livenessProbe"]["exec"]["command"] == ["authgate", "healthcheck"]
            assert "AUTHGATE_JOBS__HEARTBEAT_FILE" in _environment(pod)


def test_no_secret_is_in_an_environment(
    pods: "list[Pod]", manifests: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    """Neither as a value nor by reference: an environment is inherited and shown."""
    given = [secret for secret in values["secrets"].get("values", {}).values() if secret]
    for pod in pods:
        assert not [entry for entry in pod.container["env"] if "valueFrom" in entry]
        assert not [source for source in pod.container.get("envFrom", []) if "secretRef" in source]
        secrets = re.compile(r"(URL|KEK|KEKS|TOKEN|PASSWORD|SECRET)$")
        named = {entry["name"] for entry in pod.container["env"] if secrets.search(entry["name"])}
        assert named <= {"AUTHGATE_BASE_URL"}
    for each in manifests:
        if each["kind"] != "Secret":
            assert not [secret for secret in given if secret in str(each)]


def test_a_file_of_a_secret_is_there_for_each_variable_that_names_one(pods: "list[Pod]") -> None:
    for pod in pods:
        named = {
            value
            for value in _environment(pod).values()
            if value.startswith(("/etc/authgate/secrets/", "/etc/authgate/owner/"))
        }
        extra = {mount["mountPath"] for mount in pod.container["volumeMounts"]}
        assert named == set(pod.files), pod.component
        assert all(path.rpartition("/")[0] in extra for path in named)


def test_each_pod_has_the_secrets_it_needs_and_no_others(pods: "list[Pod]") -> None:
    files = {pod.component: {path.rpartition("/")[2] for path in pod.files} for pod in pods}
    assert not any("owner_url" in held for part, held in files.items() if part != "migrate")
    assert not any("metrics_token" in held for part, held in files.items() if part != "web")
    assert {"database_url", "redis_url", "kek"} <= files["web"]
    if "beat" in files:
        assert files["beat"] <= {"redis_url", "broker_url", "kek", "retired_keks"}
    if "migrate" in files:
        assert {"owner_url", "database_url"} <= files["migrate"]
        assert "kek" not in files["migrate"]


def test_what_is_written_goes_into_memory(pods: "list[Pod]") -> None:
    for pod in pods:
        [tmp] = [volume for volume in pod.spec["volumes"] if volume["name"] == "tmp"]
        assert tmp["emptyDir"]["medium"] == "Memory"
        assert tmp["emptyDir"]["sizeLimit"]
        writable = [
            mount["mountPath"]
            for mount in pod.container["volumeMounts"]
            if not mount.get("readOnly")
        ]
        assert writable == ["/tmp"]  # noqa: S108 - the path inside of the container


def test_a_server_has_the_time_it_needs_to_leave(pods: "list[Pod]", values: dict[str, Any]) -> None:
    drain = values["settings"].get("server", {}).get("drain_seconds", 8)
    [web] = [pod for pod in pods if pod.component == "web"]
    pause = web.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = pause + drain + supervisor._KILL_AFTER_SECONDS
    assert web.spec["terminationGracePeriodSeconds"] > needed
    for pod in pods:
        if pod.component == "worker":
            assert pod.spec["terminationGracePeriodSeconds"] > JOB_SECONDS + 10


def test_no_request_is_lost_by_an_upgrade_and_no_clock_is_alone(
    manifests: list[dict[str, Any]],
) -> None:
    for each in manifests:
        if each["kind"] != "Deployment":
            continue
        spec = each["spec"]
        match each["metadata"]["labels"]["app.kubernetes.io/component"]:
            case "web":
                assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
            case "beat":
                assert spec["replicas"] > 1
                assert spec.get("strategy", {}).get("type") != "Recreate"
        is_scaled = any(
            other["kind"] == "HorizontalPodAutoscaler"
            and other["spec"]["scaleTargetRef"]["name"] == each["metadata"]["name"]
            for other in manifests
        )
        assert ("replicas" in spec) != is_scaled


def test_every_pod_is_under_a_policy(
    manifests: list[dict[str, Any]], pods: "list[Pod]", values: dict[str, Any]
) -> None:
    policies = [each for each in manifests if each["kind"] == "NetworkPolicy"]
    if not values.get("networkPolicy", {}).get("enabled", True):
        assert not policies
        return
    for pod in pods:
        [mine] = [
            each["spec"]
            for each in policies
            if each["spec"]["podSelector"]["matchLabels"].items() <= pod.metadata["labels"].items()
        ]
        assert mine["policyTypes"] == ["Ingress", "Egress"]
        assert bool(mine["ingress"]) == (pod.component == "web")
        ports = {port["port"] for rule in mine["egress"] for port in rule["ports"]}
        assert ports == _ports_of(pod.component, values)


def _ports_of(component: str, values: dict[str, Any]) -> set[int]:
    egress = values.get("networkPolicy", {}).get("egress", {})
    needs = {
        "web": ("database", "redis", "https", "ldap", "mail"),
        "doctor": ("database", "redis", "https", "mail"),
        "worker": ("database", "redis", "https", "mail"),
        "beat": ("redis",),
        "migrate": ("database",),
    }
    usual = {"database": 5432, "redis": 6379, "https": 443, "ldap": 636, "mail": 587}
    return {53} | {egress.get(part, {}).get("port", usual[part]) for part in needs[component]}


def test_identity_providers_are_not_looked_for_in_private_networks(
    manifests: list[dict[str, Any]],
) -> None:
    """What a tenant may name as an address must not lead to a neighbour or to the cloud's own."""
    private = "10.1.2.3 127.0.0.1 169.254.169.254 172.20.0.1 192.168.0.1 ::1 fd00::1 fe80::1"
    for block in _everywhere(manifests):
        left_out = [ip_network(each) for each in block["except"]]
        family = ip_network(block["cidr"]).version
        for address in map(ip_address, private.split()):
            if address.version == family:
                assert any(address in network for network in left_out), address


def _everywhere(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every rule that lets a pod speak with the whole of the internet."""
    peers = [
        peer
        for each in manifests
        if each["kind"] == "NetworkPolicy"
        for rule in each["spec"]["egress"]
        for peer in rule.get("to", [])
    ]
    blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
    return [block for block in blocks if block["cidr"] in ("0.0.0.0/0", "::/0")]


def _environment(pod: "Pod") -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod.container["env"]}


def test_every_variable_is_a_setting(
    pods: "list[Pod]", manifests: list[dict[str, Any]], values: dict[str, Any], variables: set[str]
) -> None:
    """But for those that somebody adds, for plugins: every pod has them."""
    assert "AUTHGATE_DATABASE__URL_FILE" in variables
    added = {entry["name"] for entry in values.get("pod", {}).get("extraEnv", [])}
    for pod in pods:
        assert added <= set(_environment(pod)) <= variables | added
    for each in manifests:
        if each["kind"] == "ConfigMap":
            assert set(each["data"]) <= variables


def test_the_settings_of_every_pod_are_taken(
    manifests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    [settings] = [each["data"] for each in manifests if each["kind"] == "ConfigMap"]
    secrets = {"DATABASE__URL": "postgres://app@db/authgate", "REDIS_URL": "redis://cache"}
    for name, value in secrets.items():
        monkeypatch.setenv(f"AUTHGATE_{name}", value)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert Settings().profile == "prod"
