"""All the scenarios. A new one is a subclass of `Scenario` and its place in `ALL`."""

from bench.scenario import Scenario
from bench.scenarios.application import CodeExchange, Refresh
from bench.scenarios.bearer import Introspection, Tokeninfo, Userinfo
from bench.scenarios.client_credentials import ClientCredentials, ClientCredentialsByHeader
from bench.scenarios.device import DeviceCode, DevicePoll, DeviceRedemption
from bench.scenarios.metadata import Discovery, Jwks
from bench.scenarios.pages import DevicePage, LoginPage, SignIn

MACHINES: tuple[Scenario, ...] = (
    Jwks(),
    Discovery(),
    ClientCredentials(),
    ClientCredentialsByHeader(),
    DeviceCode(),
    DevicePoll(),
    DeviceRedemption(),
    CodeExchange(),
    Refresh(),
    Introspection(),
    Tokeninfo(),
    Userinfo(),
)
"""What programs ask for."""

PEOPLE: tuple[Scenario, ...] = (LoginPage(), SignIn(), DevicePage())
"""What browsers ask for."""

ALL = (*MACHINES, *PEOPLE)

HOT: tuple[Scenario, ...] = (
    ClientCredentials(),
    CodeExchange(),
    Refresh(),
    DevicePoll(),
    Introspection(),
    Tokeninfo(),
    Userinfo(),
    Jwks(),
    Discovery(),
)
"""What must not become slower unnoticed: what programs ask for all day."""
