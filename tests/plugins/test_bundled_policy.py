"""The bundled policy keeps what every policy has to keep."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from authgate.plugin_api import ConnectorConfigError, Deny
from authgate.plugin_manager.containment import WrongResult
from authgate.plugin_manager.decisions import checked_decision
from authgate.testing import LoginPolicyContract
from authgate_networks.policy import Networks

OFFICE = ("192.0.2.0/24",)


class TestNetworks(LoginPolicyContract):
    plugin = "networks"
    settings: ClassVar[Mapping[str, object]] = {"networks": ["192.0.2.0/24"]}


@pytest.mark.parametrize("told", ["D\u2019ici, non\u00a0!", "\u8bf7\u3000VPN"], ids=ascii)
def test_people_are_told_what_a_tenant_has_written_with_its_own_spaces(told: str) -> None:
    assert checked_decision(Deny(Networks(networks=OFFICE, told=told).told)) == Deny(told)


@pytest.mark.parametrize("told", ["", "a\u202eb", "a\u2028b", "\ufeff", "a" * 301], ids=ascii)
def test_a_message_that_the_server_would_not_show_is_refused_when_it_is_set(told: str) -> None:
    with pytest.raises(WrongResult):
        checked_decision(Deny(told))
    with pytest.raises(ConnectorConfigError, match="told"):
        Networks(networks=OFFICE, told=told)


def test_a_step_that_nobody_reaches_is_refused_when_it_is_set() -> None:
    for step in ("3", " 2", "two", "\u0662"):
        with pytest.raises(ConnectorConfigError, match="step_up"):
            Networks(networks=OFFICE, step_up=step)
