"""What docs/deploy.md shows works, and says what the files say."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from authgate import __version__
from authgate.jobs.job import JOB_SECONDS
from authgate.settings import Settings

if TYPE_CHECKING:
    from tests.deploy.conftest import Chart

CLOSED_BY_AUTHGATE_AFTER = 75
"""Seconds that a connection may idle."""


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs/deploy.md").read_text()


def fences(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_the_values_that_it_shows_render(page: str, chart: "Chart") -> None:
    [values] = [yaml.safe_load(text) for text in fences(page, "yaml") if "image:" in text]
    made = {(each["kind"], each["metadata"]["name"]) for each in chart.manifests(values)}
    assert {"Deployment", "Job", "Ingress", "NetworkPolicy"} <= {kind for kind, _ in made}
    [command] = re.findall(r"exec deployment/(\S+) -- authgate", page)
    assert ("Deployment", command) in made
    assert "helm upgrade --install login ./helm" in page  # the release's name in these tests


def test_the_secrets_that_it_makes_are_those_that_the_chart_takes(
    page: str, chart: "Chart", find_pods: Any
) -> None:
    [values] = [yaml.safe_load(text) for text in fences(page, "yaml") if "image:" in text]
    made: dict[str, set[str]] = {}
    for command in " ".join(fences(page, "sh")).replace("\\\n", " ").splitlines():
        words = shlex.split(command) if "create secret generic" in command else []
        if words:
            name = words[words.index("generic") + 1]
            made[name] = {each.partition("=")[2] for each in words if "--from-file" in each}
    for pod in find_pods(chart.manifests(values)):
        for secret, key in pod.files.values():
            assert key in made[secret]
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert explained == set().union(*made.values())


def test_every_file_and_image_that_it_names_is_there(page: str, repository: Path) -> None:
    code = "\n".join(fences(page, "sh"))
    named = set(re.findall(r"(?<![/\w])((?:deploy|requirements)/[\w./-]+\w)", code))
    made = {"deploy/.env"}
    assert {"deploy/make-secrets", "deploy/owner.sql", "deploy/Dockerfile"} <= named
    assert not [each for each in named - made if not (repository / each).exists()]
    assert set(re.findall(r"authgate:(\d\S*)", code)) == {__version__}


def test_its_systemd_units_find_the_secrets_that_it_makes(page: str, repository: Path) -> None:
    [making] = [text for text in fences(page, "sh") if "umask 077" in text]
    made = set(re.findall(r">(\w+)'?$", making, re.MULTILINE))
    wanted = {
        secret
        for unit in (repository / "deploy/systemd").glob("*.service")
        for secret in re.findall(r"^LoadCredential=\w+:/etc/authgate/secrets/(\w+)$",
                                 unit.read_text(), re.MULTILINE)
    }  # fmt: skip
    assert wanted <= made


def test_the_settings_that_it_writes_are_taken(page: str, tmp_path: Path) -> None:
    [written] = re.findall(r"printf '(base_url.*?)' \|", page)
    (tmp_path / "authgate.toml").write_text(written.replace("\\n", "\n"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("AUTHGATE_DATABASE__URL", "postgres://app@db/authgate")
        settings = Settings()
    assert settings.base_url == "https://login.example.com"
    assert settings.server.trusted_proxies == ("127.0.0.1",)


def test_every_proxy_closes_idle_connections_first(page: str) -> None:
    times = re.findall(r"(?:keepalive_timeout|keepalive|idleConnTimeout:) (\d+)s", page)
    assert len(times) == 3
    assert all(int(seconds) < CLOSED_BY_AUTHGATE_AFTER for seconds in times)


def test_every_proxy_leads_to_the_port_that_is_listened_on(page: str) -> None:
    port = Settings.model_fields["server"].default.port
    [nginx] = fences(page, "nginx")
    traefik = yaml.safe_load(next(text for text in fences(page, "yaml") if "routers" in text))
    assert f"server 127.0.0.1:{port};" in nginx
    for caddy in fences(page, "caddy"):
        assert f"reverse_proxy 127.0.0.1:{port}" in caddy
    [server] = traefik["http"]["services"]["authgate"]["loadBalancer"]["servers"]
    assert server["url"] == f"http://127.0.0.1:{port}"


def test_nginx_passes_on_what_tenants_and_limits_go_by(page: str) -> None:
    [nginx] = fences(page, "nginx")
    assert "proxy_set_header Host $http_host;" in nginx
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx


def test_the_time_to_leave_that_it_names_is_enough(page: str) -> None:
    [times] = re.findall(r"(\d+) seconds for a server, (\d+) for a worker", page)
    assert int(times[0]) > Settings.model_fields["server"].default.drain_seconds + 12
    assert int(times[1]) > JOB_SECONDS + 10
