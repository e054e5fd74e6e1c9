"""The distribution is complete and runs far from the checkout."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from authgate_testing.processes import free_port


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without a checkout, with the wheel installed in its ``.venv``."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / ".venv", with_pip=False)
    purelib = sysconfig.get_path("purelib", vars={"base": str(folder / ".venv")})
    # What AuthGate depends on is borrowed from here. The checkout is not: nothing reads a .pth
    # file in a folder that was itself added by one.
    (Path(purelib) / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    run(folder, "python", "-m", "installer", str(wheel))
    return folder


def environment() -> dict[str, str]:
    """What a process is told that knows nothing of ours."""
    foreign = {"PYTHONPATH", "VIRTUAL_ENV"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith("AUTHGATE_")
    }


def run(folder: Path, program: str, *arguments: str) -> str:
    """Run a program of the folder's environment in it, knowing nothing of ours."""
    outcome = subprocess.run(
        [folder / ".venv/bin" / program, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_the_wheel_holds_every_file_of_every_package(wheel: Path, packages: list[Path]) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    written = {
        file.relative_to(package.parent).as_posix()
        for package in packages
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert written <= held


@pytest.mark.parametrize(
    "needed",
    [
        "authgate/py.typed",
        "authgate/plugin_api/hookspecs.py",
        "authgate/storage/migrations/",
        "authgate_tenants/py.typed",
        "authgate_templates/base.html",
        "authgate_templates/static/",
        "authgate_templates/languages/zh-Hant.po",
    ],
)
def test_the_wheel_holds_what_is_not_code(wheel: Path, needed: str) -> None:
    assert any(name.startswith(needed) for name in zipfile.ZipFile(wheel).namelist())


def test_every_module_is_imported_from_the_wheel(
    elsewhere: Path, modules: list[Path], rooms: list[Path]
) -> None:
    names = [
        ".".join(module.relative_to(room).with_suffix("").parts).removesuffix(".__init__")
        for module in modules
        for room in rooms
        if module.is_relative_to(room) and module.stem not in ("__main__", "asgi")
    ]
    program = (
        f"import importlib; [importlib.import_module(name) for name in {names}];"
        "import authgate; print(authgate.__file__)"
    )
    assert Path(run(elsewhere, "python", "-c", program).strip()).is_relative_to(elsewhere)


def test_a_newcomer_s_plugin_written_from_the_page_works_with_the_wheel(
    elsewhere: Path, repository: Path, tmp_path: Path
) -> None:
    """Each block of ``docs/plugin-tutorial.md`` is typed as it is printed, in its order.

    With it a server runs, and a database is made, where there is no checkout.
    """
    page = (repository / "docs/plugin-tutorial.md").read_text()
    steps = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    # Whatever an index would be asked for is there already.
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    told = environment() | offline | {"AUTHGATE_SERVER__PORT": str(free_port())}
    told["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a newcomer has none of ours
    told["PATH"] = f"{elsewhere}/.venv/bin:{told['PATH']}"
    said = ""
    for step in steps:
        outcome = subprocess.run(
            ["bash", "-euc", step],
            cwd=tmp_path,
            env=told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, (step, outcome.stdout, outcome.stderr)
        said += outcome.stdout
    assert "✓ Signed in through acme-sso at northwind and globex" in said
    assert "caught" in said
    assert (tmp_path / ".authgate/authgate.db").exists()
    assert "✓ acme-sso (authgate-acme-sso 0.1.0): " in said
    assert re.search(r"acme-sso +authgate-acme-sso +0\.1\.0 .*northwind", said)
