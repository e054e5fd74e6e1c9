"""Replacing the key-encryption key as the page says, word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

from authgate.settings import DatabaseSettings

_INSTALLED = """
openssl rand -base64 32 >kek
chmod 400 kek
export AUTHGATE_KEYS__KEK_FILE=$PWD/kek
authgate tenant create acme
"""


def _typed(page: str, heading: str) -> str:
    """Everything that a section has people type."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE))


def _shell(
    script: str, folder: Path, database: DatabaseSettings
) -> subprocess.CompletedProcess[str]:
    urls = {"AUTHGATE_DATABASE__URL": database.url.get_secret_value()}
    if database.owner_url is not None:
        urls["AUTHGATE_DATABASE__OWNER_URL"] = database.owner_url.get_secret_value()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUTHGATE_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=clean | urls | {"PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_new_key_encryption_key_takes_over_and_the_former_can_go(
    database_settings: DatabaseSettings, pages: dict[str, str], tmp_path: Path
) -> None:
    section = _typed(pages["docs/rotate.md"], "The key-encryption key")
    ended = _shell(_INSTALLED + section, tmp_path, database_settings)
    assert ended.returncode == 0, ended.stderr
    assert "1 data keys" in ended.stderr
    assert "ES256" in ended.stdout
    former = "AUTHGATE_KEYS__KEK_FILE=kek-former authgate keys rotate --tenant acme --now"
    assert _shell(former, tmp_path, database_settings).returncode == 6
