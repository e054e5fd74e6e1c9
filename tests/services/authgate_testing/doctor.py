"""What a test asks of ``authgate doctor``."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authgate import secret_files
from authgate.settings import Settings
from authgate_testing.command import Cli


@dataclass(frozen=True, slots=True)
class Doctor:
    """Runs ``authgate doctor`` on the installation of the environment."""

    command: Cli

    def finds(self, *codes: str) -> dict[str, Any]:
        """Exactly these misconfigurations are found, and no secret is told; the first of them."""
        ended = self.command("doctor", "-o", "json")
        found = [each for each in ended.data if each["severity"] != "ok"]
        assert [each["code"] for each in found] == list(codes), found
        is_bad = any(each["severity"] == "problem" for each in found)
        assert ended.code == (6 if is_bad else 0)
        assert all(each["why"] and each["cure"] for each in found)
        for secret in _secrets(os.environ):
            assert secret not in ended.out
        return found[0] if found else {}


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name in (*secret_files.names(Settings), "keys.kek"):
        variable = f"AUTHGATE_{name.upper().replace('.', '__')}"
        given = environment.get(variable, "")
        file = Path(environment.get(f"{variable}_FILE", ""))
        if file.is_file():
            given = file.read_text(errors="replace").strip()
        secret = urlsplit(given).password if name.endswith("url") else given
        if secret:
            yield secret
