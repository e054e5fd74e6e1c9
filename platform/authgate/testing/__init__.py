"""The contract kit: what every plugin has to keep, as tests to inherit.

    addopts = ["-p", "authgate.testing"]     # in the pytest settings of the plugin's pyproject.toml

    class TestConnector(LoginConnectorContract):
        connector = AcmeConnector

One class for each hook. Its tests ask the plugin as the server does, without a network, and then
the server itself: AuthGate in this process with two tenants, over https to a pretend provider.
Needs pytest, which the extra ``testing`` brings; nothing else of AuthGate imports this package.
"""

from typing import TYPE_CHECKING

from authgate.pretend.directory import Directory, PretendDirectory
from authgate.pretend.host import Answer, Asked
from authgate.pretend.listener import Line
from authgate.pretend.provider import Person, PretendProvider, Provider
from authgate.testing.claims_contract import TokenClaimsContract
from authgate.testing.commands_contract import CommandsContract
from authgate.testing.connector_contract import LoginConnectorContract
from authgate.testing.console_contract import ConsolePageContract
from authgate.testing.fixtures import authgate_database, authgate_server, pytest_configure
from authgate.testing.key_contract import KeyProviderContract
from authgate.testing.mail_contract import MailContract
from authgate.testing.password_contract import PasswordConnectorContract
from authgate.testing.policy_contract import LoginPolicyContract
from authgate.testing.settings_contract import SettingsContract
from authgate.testing.sink_contract import AuditSinkContract

if TYPE_CHECKING:  # it is imported when a test asks for it: it takes longer than most tests
    from authgate.testing.server import RealServer

__all__ = [
    "Answer",
    "Asked",
    "AuditSinkContract",
    "CommandsContract",
    "ConsolePageContract",
    "Directory",
    "KeyProviderContract",
    "Line",
    "LoginConnectorContract",
    "LoginPolicyContract",
    "MailContract",
    "PasswordConnectorContract",
    "Person",
    "PretendDirectory",
    "PretendProvider",
    "Provider",
    "RealServer",
    "SettingsContract",
    "TokenClaimsContract",
    "authgate_database",
    "authgate_server",
    "pytest_configure",
]
