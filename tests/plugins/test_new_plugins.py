"""What ``authgate plugin new`` begins keeps its contract; the connector does so in
``tests/architecture/test_wheel.py``."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import ClassVar

import pytest

from authgate.cli.plugin import scaffold
from authgate.languages import catalogues
from authgate.plugin_manager.source_folder import SourceFolder
from authgate.testing import (
    AuditSinkContract,
    CommandsContract,
    ConsolePageContract,
    LoginPolicyContract,
    MailContract,
    PasswordConnectorContract,
    SettingsContract,
    TokenClaimsContract,
)


@pytest.fixture(scope="module", autouse=True)
def _written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A plugin of each kind, on the path."""
    folder = tmp_path_factory.mktemp("new")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", sys.path[:])
        patch.setattr(catalogues, "_plugins", catalogues._plugins[:])
        patch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        for kind in scaffold.Kind:
            name = f"new-{kind}"
            scaffold.write(kind, name, folder / name, taken=())
            site = folder / f"{name}-site"
            site.mkdir()
            SourceFolder.read(folder / name).put_on_path(site)
        found = import_module("authgate_new_password_connector.connector")
        TestPasswordConnector.connector = found.Connector
        yield
    for name in [each for each in sys.modules if each.startswith("authgate_new_")]:
        del sys.modules[name]


class TestPolicy(LoginPolicyContract):
    plugin = "new-login-policy"
    settings: ClassVar[Mapping[str, object]] = {"connections": ["github"]}


class TestClaims(TokenClaimsContract):
    plugin = "new-token-claims"


class TestSink(AuditSinkContract):
    plugin = "new-audit-sink"
    settings: ClassVar[Mapping[str, object]] = {"host": "{host}", "key": "a-key-of-the-collector"}


class TestCommands(CommandsContract):
    plugin = "new-commands"


class TestMail(MailContract, SettingsContract):
    plugin = "new-mail"
    settings: ClassVar[Mapping[str, object]] = {
        "host": "mail.example",
        "key": "a-key-that-nobody-may-see",
    }


class TestPasswordConnector(PasswordConnectorContract):
    """The class is there once it is written."""


class TestPage(ConsolePageContract):
    plugin = "new-console-page"
