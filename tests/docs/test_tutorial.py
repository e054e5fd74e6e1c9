"""The tutorial, followed to the letter: each block is typed as it is printed, in its order."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import httpx2
import pytest

from authgate_testing.demo import Demo, demo_running, environment
from authgate_testing.device import decide
from authgate_testing.person import Person

if TYPE_CHECKING:
    from tests.docs.conftest import Block

_PAGE = "docs/tutorial.md"
_SECONDS = 60
_SHOWN = re.compile(r"^Open (\S+) and enter (\S+)$")


@dataclass(slots=True)
class Newcomer:
    """Somebody in the folder of a running demo, with what they have typed and read."""

    demo: Demo
    read: dict[str, str] = field(default_factory=dict)

    def follow(self, block: "Block") -> None:
        """Type a block of shell, whose output is remembered by its first words."""
        with self._shell(block) as shell:
            said, failed = shell.communicate(timeout=_SECONDS)
        assert shell.returncode == 0, (block.text, failed)
        words = " ".join(block.text.split()[:2])
        self.read[words] = self.read.get(words, "") + said

    async def sign_in(self, block: "Block", username: str, password: str) -> str:
        """Type a block that waits for somebody with a browser, be that, and read what follows."""
        with self._shell(block) as shell:
            assert shell.stdout is not None
            shown = _SHOWN.fullmatch(shell.stdout.readline().strip())
            assert shown is not None
            await self._approve(shown[1], shown[2], username, password)
            said, failed = await asyncio.to_thread(shell.communicate, timeout=_SECONDS)
        assert failed == ""
        return str(said)

    async def _approve(self, address: str, code: str, username: str, password: str) -> None:
        async with httpx2.AsyncClient(trust_env=False) as http:
            person = Person(http)
            await person.sign_in(address.removesuffix("/device"), username, password)
            await decide(person, {"verification_uri": address, "user_code": code})

    def _shell(self, block: "Block") -> "subprocess.Popen[str]":
        command = block.text.replace("localhost:8080", f"localhost:{self.demo.port}")
        return subprocess.Popen(
            ["bash", "-euc", command], cwd=self.demo.folder, text=True,
            env=environment() | {"PATH": f"{self.demo.folder}/.venv/bin:{os.environ['PATH']}"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Somebody who has got as far as ``make demo``."""
    with demo_running(tmp_path_factory.mktemp("tutorial")) as demo:
        (demo.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        yield Newcomer(demo)


async def test_a_newcomer_who_follows_the_page_ends_with_a_tool_that_knows_them(
    newcomer: Newcomer, blocks: dict[str, list["Block"]], pages: dict[str, str]
) -> None:
    steps = [block for block in blocks[_PAGE] if block.language == "sh"]
    tool, api = (block.text for block in blocks[_PAGE] if block.language == "python")
    (newcomer.demo.folder / "hello.py").write_text(tool)
    (newcomer.demo.folder / "api.py").write_text(api)
    for step in steps:
        if step.text.startswith("python hello.py"):
            password = newcomer.read["export PATH=$PWD/.venv/bin:$PATH"].split()[-1]
            said = await newcomer.sign_in(step, "alice", password)
            assert said == "Hello, Alice Moreno!\n"
            assert said in pages[_PAGE]
        else:
            newcomer.follow(step)
    read = newcomer.read
    assert re.fullmatch(r"\S+ may openid profile email\nrefused\n", read["python api.py"]), read
    assert "CREATED" in read["authgate audit"]
    assert "ACCESS_TOKEN_ISSUED" in read["authgate audit"]
    assert '"error":"invalid_token"' in read["curl --silent"]


async def test_the_pictures_are_those_that_the_browser_takes(
    newcomer: Newcomer,
    pages: dict[str, str],
    pictures: ModuleType,
    chromium: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTHGATE_TEST_CHROMIUM", str(chromium))
    await pictures.take(newcomer.demo.site, tmp_path)
    taken = _widths(tmp_path)
    assert taken == _widths(pictures.IMAGES)
    assert set(taken) == set(re.findall(r"images/([\w-]+\.png)", "".join(pages.values())))


def _widths(pictures: Path) -> dict[str, int]:
    """How wide each picture of a folder is: how high depends on how long ago somebody signed in."""
    return {each.name: int.from_bytes(each.read_bytes()[16:20]) for each in pictures.iterdir()}
