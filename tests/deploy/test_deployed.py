"""What each deployment would start is started here: its commands, its environment, its files.

There is no container and no cluster in these tests. The programs, the variables that they get, the
secrets that they find, and where they may write are as the compose file, the systemd units and
the chart say; PostgreSQL and Redis are real.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from authgate_testing import PostgresServer
from authgate_testing.nursery.plugin import starting_as_ever
from authgate_testing.postgres import postgres_running
from authgate_testing.processes import free_port, running
from authgate_testing.programs import find
from authgate_testing.readiness import is_ready

if TYPE_CHECKING:
    from tests.deploy.conftest import Chart, Pod

BASE_URL = "https://login.example.com"
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a deployment, as it is described."""

    arguments: list[str]
    environment: dict[str, str]
    files: dict[str, str]
    """What it finds at which path."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """All programs of a deployment, by name, with the services that they use."""

    programs: dict[str, Program]
    folder: Path
    port: int = field(default_factory=free_port)

    def command(self, name: str, *instead: str) -> tuple[list[str], dict[str, str], Path]:
        """How to start a program here: command, environment, and its empty working directory."""
        program, place = self.programs[name], self.folder / name
        for folder in ("work", "secrets", "tmp"):
            (place / folder).mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(place / "tmp"),
            "AUTHGATE_SERVER__PORT": str(self.port),
        }
        for variable, value in program.environment.items():
            environment[variable] = value.replace("/tmp/", f"{place}/tmp/")  # noqa: S108
            if value in program.files:
                file = place / "secrets" / value.rpartition("/")[2]
                file.unlink(missing_ok=True)
                file.write_text(program.files[value])
                file.chmod(0o400)
                environment[variable] = str(file)
        environment["AUTHGATE_SERVER__PORT"] = str(self.port)
        arguments = instead or program.arguments
        return [sys.executable, "-m", "authgate", *arguments], environment, place / "work"

    def run(self, name: str, *instead: str) -> str:
        """Run a program of the deployment, or another command in its place, to its end."""
        command, environment, folder = self.command(name, *instead)
        ended = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        assert not list(folder.iterdir())
        return ended.stdout

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a program of the deployment, as it is started there."""
        command, environment, folder = self.command(name)
        with (self.folder / f"{name}.log").open("wb") as log, starting_as_ever():
            return subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)

    def becomes_well(self, name: str) -> None:
        """Wait until its health check, and for jobs its heartbeat, says so."""
        heartbeat = self.folder / name / "tmp/heartbeat"
        needs_heart = "AUTHGATE_JOBS__HEARTBEAT_FILE" in self.programs[name].environment
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            # Each question is a program, which takes time from who is waited for.
            if heartbeat.exists() if needs_heart else is_ready(f"http://127.0.0.1:{self.port}"):
                command, environment, folder = self.command(name, "healthcheck")
                ended = subprocess.run(
                    command, env=environment, cwd=folder, capture_output=True, check=False
                )
                if ended.returncode == 0:
                    return
            time.sleep(0.3)
        raise AssertionError((self.folder / f"{name}.log").read_text())


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """A PostgreSQL server on which nobody has made a role yet."""
    with postgres_running() as server:
        yield server


@pytest.fixture(scope="module")
def secrets(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets that ``deploy/make-secrets`` makes."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(repository / "deploy/make-secrets", folder)
    subprocess.run([folder / "make-secrets"], check=True, capture_output=True)
    return folder / "secrets"


def _owned(compose: dict[str, Any], repository: Path, secrets: Path, port: int) -> None:
    """Make the owner of the tables as the compose file does, twice: it is safe to repeat."""
    [script] = compose["services"]["owner"]["command"]
    for old, new in {
        "$$": "$",
        "/run/secrets": str(secrets),
        "--host=postgres": f"--host=127.0.0.1 --port={port}",
        "/owner.sql": str(repository / "deploy/owner.sql"),
        "exec psql": f"exec {find('psql', package='postgresql-client')}",
    }.items():
        assert old in script
        script = script.replace(old, new)
    for _ in range(2):
        subprocess.run([*compose["services"]["owner"]["entrypoint"], script], check=True)


@pytest.fixture(params=["compose", "systemd", "helm"])
def deployment(
    request: pytest.FixtureRequest,
    repository: Path,
    compose: dict[str, Any],
    cluster: PostgresServer,
    secrets: Path,
    tmp_path: Path,
) -> Iterator[Deployment]:
    """Each deployment, with a database and a Redis of its own."""
    cluster.drop_database("authgate")
    _owned(compose, repository, secrets, cluster.port)
    with _redis(compose, secrets, tmp_path) as redis:
        places = {
            "@postgres:5432": f"@127.0.0.1:{cluster.port}",
            "@redis:6379": f"@127.0.0.1:{redis}",
        }
        content = {file.name: _replaced(file.read_text(), places) for file in secrets.iterdir()}
        match request.param:
            case "compose":
                programs = _of_compose(compose, content)
            case "systemd":
                programs = _of_systemd(repository / "deploy/systemd", content)
            case _:
                programs = _of_helm(request.getfixturevalue("chart"), request, content)
        yield Deployment(programs, tmp_path)


def _replaced(text: str, places: Mapping[str, str]) -> str:
    for old, new in places.items():
        text = text.replace(old, new)
    return text


def _redis(compose: dict[str, Any], secrets: Path, folder: Path) -> Any:
    program, configuration, *rest = compose["services"]["redis"]["command"]
    [_, check] = compose["services"]["redis"]["healthcheck"]["test"]
    check = check.replace("$$", "$").replace("/run/secrets", str(secrets))

    def command(port: int) -> list[str]:
        found = str(find(program, package="redis-server"))
        file = configuration.replace("/run/secrets", str(secrets))
        return [found, file, *rest, "--port", str(port), "--bind", "127.0.0.1"]

    def is_well(port: int) -> bool:
        asked = check.replace("redis-cli", f"redis-cli -p {port}")
        return not subprocess.run(["sh", "-c", asked], check=False, capture_output=True).returncode

    return running(command, answers=is_well, log=folder / "redis.log")


def _of_compose(compose: dict[str, Any], content: Mapping[str, str]) -> dict[str, Program]:
    programs = {}
    for name in ("migrate", "serve", "worker", "beat"):
        service = compose["services"][name]
        environment = {
            variable: re.sub(r"\$\{AUTHGATE_BASE_URL:\?[^}]+\}", BASE_URL, str(value))
            for variable, value in service["environment"].items()
        }
        files = {f"/run/secrets/{each}": content[each] for each in service["secrets"]}
        programs[name] = Program(service["command"], environment, files)
    return programs


def _of_systemd(folder: Path, content: Mapping[str, str]) -> dict[str, Program]:
    programs = {}
    for unit in folder.glob("*.service"):
        said = [line.partition("=")[::2] for line in unit.read_text().splitlines()]
        [command] = [value for name, value in said if name == "ExecStart"]
        environment = {"AUTHGATE_BASE_URL": BASE_URL}  # which is in authgate.toml
        environment |= dict(value.split("=", 1) for name, value in said if name == "Environment")
        loaded = [value.partition(":")[0] for name, value in said if name == "LoadCredential"]
        files = {f"%d/{each}": content[each] for each in loaded}
        arguments = command.split()[1:]
        programs[arguments[0]] = Program(arguments, environment, files)
    return programs


def _of_helm(
    chart: "Chart", request: pytest.FixtureRequest, content: Mapping[str, str]
) -> dict[str, Program]:
    values = {
        "image": {"repository": "registry.example/authgate"},
        "settings": {"base_url": BASE_URL, "server": {"workers": 2, "kind": "uvicorn"}},
        "secrets": {
            "existingSecret": "authgate",
            "keys": {"metricsToken": "metrics-token"},
            "owner": {"existingSecret": "authgate-owner"},
        },
    }
    manifests = chart.manifests(values)
    [settings] = [each["data"] for each in manifests if each["kind"] == "ConfigMap"]
    pods: list[Pod] = request.getfixturevalue("find_pods")(manifests)
    programs = {}
    for pod in pods:
        own = {entry["name"]: entry["value"] for entry in pod.container["env"]}
        files = {path: content[key.replace("-", "_")] for path, (_, key) in pod.files.items()}
        environment = (settings if "envFrom" in pod.container else {}) | own
        name = "serve" if pod.component == "web" else pod.component
        programs[name] = Program(pod.container["args"], environment, files)
    return programs


def test_a_deployment_works_as_it_is_described(deployment: Deployment) -> None:
    deployment.run("migrate")
    with ExitStack() as stack:
        started = {}
        for name in ("serve", "worker", "beat"):
            started[name] = deployment.start(name)
            stack.callback(started[name].kill)
        for name in started:
            deployment.becomes_well(name)
        _serves(deployment)
        for process in started.values():
            process.terminate()
        assert [process.wait(40) for process in started.values()] == [0, 0, 0]
    for name in started:
        assert not list((deployment.folder / name / "work").iterdir())
        assert not (deployment.folder / name / "tmp/heartbeat").exists()


def _serves(deployment: Deployment) -> None:
    deployment.run("serve", "tenant", "create", "acme")
    client = deployment.run(
        "serve",
        *("client", "create", "--tenant", "acme", "--name", "Backup"),
        *("--grant", "client_credentials", "--scope", "read", "-o", "json"),
    )
    made = re.findall(r'"(client_id|client_secret)": "([^"]+)"', client)
    here = {"Host": "login.example.com"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{deployment.port}", headers=here) as http:
        metadata = http.get("/t/acme/.well-known/openid-configuration").json()
        assert metadata["issuer"] == f"{BASE_URL}/t/acme"
        asked = {"grant_type": "client_credentials", **dict(made)}
        assert "access_token" in http.post("/t/acme/oauth/token", data=asked).json()
        assert http.get("/metrics").status_code == 401
        token = (deployment.folder / "serve/secrets/metrics_token").read_text().strip()
        measured = http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert "authgate_tokens_issued_total" in measured.text
