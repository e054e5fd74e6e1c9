"""The container image: what the Dockerfile says, since nothing here can build it."""

import fnmatch
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement

from authgate import __version__
from authgate.cli.command_line import COMMANDS

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages(repository: Path) -> list[list[Instruction]]:
    """The instructions of each stage."""
    parser = DockerfileParser(fileobj=io.BytesIO((repository / "deploy/Dockerfile").read_bytes()))
    stages: list[list[Instruction]] = []
    for each in parser.structure:
        if each["instruction"] == "FROM":
            stages.append([])
        if stages and each["instruction"] != "COMMENT":
            stages[-1].append((each["instruction"], each["value"]))
    return stages


def said(stage: list[Instruction], instruction: str) -> list[str]:
    return [value for name, value in stage if name == instruction]


def environment(stage: list[Instruction]) -> dict[str, str]:
    pairs = re.findall(r"(\w+)=(\S+)", " ".join(said(stage, "ENV")))
    return dict(pairs)


def test_it_is_built_in_one_stage_and_run_in_another(stages: list[list[Instruction]]) -> None:
    build, run = stages
    [built] = said(run, "COPY")
    assert built == "--from=build /opt/authgate /opt/authgate"
    assert not any(re.search(r"\bpip\b[^&]* install ", line) for line in said(run, "RUN"))
    assert said(build, "FROM")[0].split()[0] == said(run, "FROM")[0].split()[0]


def test_its_python_is_named_by_version(repository: Path, pyproject: dict[str, Any]) -> None:
    text = (repository / "deploy/Dockerfile").read_text()
    [image] = re.findall(r"^ARG PYTHON_IMAGE=python:(\S+)$", text, re.MULTILINE)
    version = re.fullmatch(r"(3\.\d+)-slim-[a-z]+", image)
    assert version
    wanted = Requirement(f"python{pyproject['project']['requires-python']}")
    assert wanted.specifier.contains(f"{version[1]}.0")


def test_everything_in_it_is_locked_with_hashes(stages: list[list[Instruction]]) -> None:
    installs = [
        part
        for stage in stages
        for line in said(stage, "RUN")
        for part in line.split("&&")
        if re.search(r"\bpip\b.* install ", part)
    ]
    assert len(installs) == 3
    for install in installs:
        is_own_wheel = "--no-deps dist/authgate-*.whl" in install
        assert is_own_wheel or "--require-hashes" in install
    assert environment(stages[0])["PIP_ONLY_BINARY"] == ":all:"
    assert not any("apt" in line for stage in stages for line in said(stage, "RUN"))


def test_it_runs_as_a_number_that_is_not_root(stages: list[list[Instruction]]) -> None:
    run = stages[-1]
    [user] = said(run, "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    names = [name for name, _ in run]
    assert "RUN" not in names[names.index("USER") :]
    uid = user.partition(":")[0]
    assert any(f"useradd --uid {uid}" in line for line in said(run, "RUN"))


def test_any_other_user_may_be_where_it_starts(stages: list[list[Instruction]]) -> None:
    """compose.yaml runs as whoever owns the secrets; settings are looked for in that folder."""
    run = stages[-1]
    [folder] = said(run, "WORKDIR")
    [making] = [line for line in said(run, "RUN") if line.endswith(folder)]
    assert "--mode=0755" in making


def test_it_starts_authgate_without_a_shell(stages: list[list[Instruction]]) -> None:
    run = stages[-1]
    assert json.loads(said(run, "ENTRYPOINT")[0]) == ["authgate"]
    [command] = json.loads(said(run, "CMD")[0])
    assert command in COMMANDS
    [check] = said(run, "HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2]) == ["authgate", "healthcheck"]
    assert said(run, "EXPOSE") == ["8080"]


def test_no_secret_is_built_into_it(stages: list[list[Instruction]], variables: set[str]) -> None:
    for stage in stages:
        for line in [*said(stage, "ENV"), *said(stage, "ARG"), *said(stage, "LABEL")]:
            assert not re.search(r"PASSWORD|SECRET|TOKEN|KEK|_URL", line)
    chosen = {name: value for name, value in environment(stages[-1]).items() if name in variables}
    assert chosen.pop("AUTHGATE_SERVER__HOST")
    assert chosen == {"AUTHGATE_PROFILE": "prod"}
    assert all(name in variables for name in environment(stages[-1]) if "AUTHGATE" in name)


def test_its_label_is_this_version(stages: list[list[Instruction]], repository: Path) -> None:
    [labels] = said(stages[-1], "LABEL")
    assert f'org.opencontainers.image.version="{__version__}"' in labels
    assert f"--tag authgate:{__version__} " in (repository / "deploy/Dockerfile").read_text()


def test_the_builder_is_sent_what_it_copies_and_no_more(
    stages: list[list[Instruction]], repository: Path
) -> None:
    ignored = (repository / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source.partition("/")[0] for line in said(stages[0], "COPY") for source in line.split()[:-1]
    }
    assert let_in == copied
    assert all((repository / name).exists() for name in copied)
    for private in (".env", ".git", ".authgate", "authgate.toml", "deploy"):
        assert not any(fnmatch.fnmatch(private, pattern) for pattern in let_in)


def test_every_room_is_in_it(stages: list[list[Instruction]], pyproject: dict[str, Any]) -> None:
    copied = {line.split()[0] for line in said(stages[0], "COPY")}
    assert set(pyproject["tool"]["hatch"]["build"]["dev-mode-dirs"]) <= copied
