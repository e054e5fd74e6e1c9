"""What the repository brings for running it elsewhere, as data."""

import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from authgate import secret_files
from authgate.cli.doctor.names import known_names
from authgate.settings import Settings

VALUES = Path(__file__).parent / "values"
SHAPES = sorted(path.stem for path in VALUES.glob("*.yaml"))


@dataclass(frozen=True, slots=True)
class Chart:
    """The Helm chart, rendered by Helm itself."""

    loaded: helm_python.Chart

    def text(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Each template's outcome, by its path. Raises ``HelmError`` where Helm refuses."""
        rendered: dict[str, str] = self.loaded.render(
            dict(values), name="login", namespace="identity"
        )
        return rendered

    def manifests(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Everything that would be sent to Kubernetes."""
        return [
            document
            for path, text in self.text(values).items()
            if path.endswith(".yaml")
            for document in yaml.safe_load_all(text)
            if document
        ]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that the chart makes, and what makes it."""

    owner: dict[str, Any]
    metadata: dict[str, Any]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        name: str = self.metadata["labels"]["app.kubernetes.io/component"]
        return name

    @property
    def container(self) -> dict[str, Any]:
        """The one container that it has."""
        [only] = self.spec["containers"]
        container: dict[str, Any] = only
        return container

    @property
    def files(self) -> dict[str, tuple[str, str]]:
        """Each file of a secret: the Secret and the key it comes from."""
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        return {
            f"{mount['mountPath']}/{item['path']}": (secret["secretName"], item["key"])
            for mount in self.container["volumeMounts"]
            if (secret := volumes[mount["name"]].get("secret"))
            for item in secret["items"]
        }


def read_values(shape: str) -> dict[str, Any]:
    """The values of one file."""
    values: dict[str, Any] = yaml.safe_load((VALUES / f"{shape}.yaml").read_text())
    return values


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def chart(repository: Path) -> Iterator[Chart]:
    """The chart."""
    with helm_python.Chart.load(str(repository / "helm")) as loaded:
        yield Chart(loaded)


@pytest.fixture(scope="session")
def lenient_chart(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chart]:
    """The chart without its schema: it renders values that the schema would refuse."""
    folder = tmp_path_factory.mktemp("lenient") / "helm"
    shutil.copytree(repository / "helm", folder)
    (folder / "values.schema.json").unlink()
    with helm_python.Chart.load(str(folder)) as loaded:
        yield Chart(loaded)


@pytest.fixture(scope="session", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    """The name of one file of values after the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def values(shape: str) -> dict[str, Any]:
    """Its values."""
    return read_values(shape)


@pytest.fixture(scope="session")
def all_values() -> dict[str, dict[str, Any]]:
    """Every file of values, by name."""
    return {name: read_values(name) for name in SHAPES}


@pytest.fixture(scope="session")
def manifests(chart: Chart, values: dict[str, Any]) -> list[dict[str, Any]]:
    """What the chart makes of them."""
    return chart.manifests(values)


@pytest.fixture(scope="session")
def pods(manifests: list[dict[str, Any]]) -> list[Pod]:
    """Every pod in it."""
    return list(pods_of(manifests))


def pods_of(manifests: list[dict[str, Any]]) -> Iterator[Pod]:
    """Every pod, whatever makes it."""
    for each in manifests:
        if each["kind"] == "Pod":
            yield Pod(each, each["metadata"], each["spec"])
        elif "template" in each.get("spec", {}):
            template = each["spec"]["template"]
            yield Pod(each, template["metadata"], template["spec"])


@pytest.fixture(scope="session")
def compose(repository: Path) -> dict[str, Any]:
    """The compose file."""
    content: dict[str, Any] = yaml.safe_load((repository / "deploy/compose.yaml").read_text())
    return content


@pytest.fixture(scope="session")
def variables() -> set[str]:
    """Every environment variable that AuthGate reads."""
    settings = set(known_names())
    files = {f"{name}_file" for name in secret_files.names(Settings)}
    return {f"AUTHGATE_{name.upper().replace('.', '__')}" for name in settings | files}


@pytest.fixture(scope="session")
def find_pods() -> Callable[[list[dict[str, Any]]], list[Pod]]:
    """Find the pods among manifests."""
    return lambda manifests: list(pods_of(manifests))


@pytest.fixture(scope="session")
def pyproject(repository: Path) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((repository / "pyproject.toml").read_text())
