"""The bundled policy keeps what every policy has to keep."""

from collections.abc import Mapping
from typing import ClassVar

from authgate.testing import LoginPolicyContract


class TestNetworks(LoginPolicyContract):
    plugin = "networks"
    settings: ClassVar[Mapping[str, object]] = {"networks": ["192.0.2.0/24"]}
