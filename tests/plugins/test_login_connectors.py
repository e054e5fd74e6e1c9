"""Ways to sign in that plugins bring, and what becomes of those that misbehave."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from authgate.plugin_api import ConnectorConfigError, LoginAttempt, ProviderAnswer, SignInRefused
from authgate.plugin_manager import (
    GuardedHttp,
    Isolation,
    LoginConnectors,
    NoConnector,
    OpenConnection,
    Outcome,
    PluginCall,
    PluginFailed,
    PluginRefused,
    load,
)

ATTEMPT = LoginAttempt(
    redirect_uri="https://sso.example/t/acme/login/idp/callback",
    state="the-state",
    code_verifier="a" * 43,
)
ANSWER = ProviderAnswer(code="the-code")


def plugin(
    *,
    name: str = "idp",
    url: str = "return 'https://idp.example/authorize'",
    identify: str = "return identity()",
    metadata: str = "return '<idp/>'",
    register: str = "return [Connector]",
) -> str:
    return f"""
import asyncio, os, sys, time
from dataclasses import dataclass, replace
from typing import Annotated
from authgate.plugin_api import *

plugin_api_version = "1.0"

@dataclass(frozen=True)
class Config:
    realm: Annotated[str, Setting("Whom to let in.")]

def identity(**changes):
    return replace(ExternalIdentity(issuer="https://idp.example", subject="7"), **changes)

class Connector(LoginConnector[Config]):
    name = {name!r}
    label = "IdP"
    config_type = Config

    async def authorization_url(self, attempt):
        {url}

    async def identify(self, attempt, answer):
        {identify}

    async def metadata(self, *, redirect_uri, metadata_uri):
        {metadata}

@hookimpl
def register_login_connectors():
    {register}
"""


class Idp:
    """The installed connectors, and one tenant's connection through one of them."""

    def __init__(self, isolation: Isolation) -> None:
        self.connectors = LoginConnectors(load(), isolation=isolation, http=GuardedHttp())
        self.tenant_id = uuid4()

    def connection(self, name: str = "idp", tenant_id: UUID | None = None) -> OpenConnection:
        return OpenConnection(
            tenant_id=tenant_id or self.tenant_id,
            name=name,
            connector=self.connectors.types["idp"],
            config={"realm": "all"},
        )

    async def identify(self, connection: OpenConnection | None = None) -> Any:
        return await self.connectors.identify(connection or self.connection(), ATTEMPT, ANSWER)

    async def authorization_url(self) -> str:
        return await self.connectors.authorization_url(self.connection(), ATTEMPT)


@pytest.fixture
def idp(isolation: Isolation) -> Any:
    """Opens the installed connectors, once the test has installed them."""
    return lambda: Idp(isolation)


async def test_a_connector_is_opened_with_the_tenants_settings(install: Any, idp: Any) -> None:
    install("idp", plugin(identify="return identity(username=self.config.realm)"))
    assert (await idp().identify()).username == "all"


async def test_pl_10_a_connector_is_not_found_where_its_plugin_is_not_enabled(
    install: Any, idp: Any
) -> None:
    install("idp", plugin())
    connectors = idp().connectors
    assert connectors.find("idp", enabled=("idp",)).label == "IdP"
    with pytest.raises(NoConnector):
        connectors.find("idp", enabled=("github",))
    with pytest.raises(NoConnector):
        connectors.find("nothing", enabled=("idp",))


@pytest.mark.parametrize(
    "register",
    ["1 / 0", "sys.exit(1)", "return None", "return [int]", "return ['idp']", "time.sleep(60)"],
)
def test_pl_03_a_plugin_that_cannot_register_loses_nobody_elses_connectors(
    install: Any, idp: Any, register: str
) -> None:
    install("bad", plugin(register=register))
    install("idp", plugin())
    types = set(idp().connectors.types)
    assert types >= {"github", "idp"}
    assert "bad" not in types


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "github"},
        {"name": "idpx"},
        {"register": "return [LoginConnector]"},
        {"register": "Connector.config_type = int; return [Connector]"},
        {"register": "del Connector.label; return [Connector]"},
        {"register": "del Connector.name; return [Connector]"},
        {"register": "return [Connector, Connector]"},
    ],
)
def test_a_connector_that_is_not_properly_declared_is_refused(
    install: Any, idp: Any, changed: dict[str, str]
) -> None:
    """Above all one that takes another's name: it would be handed that one's client secrets."""
    install("idp", plugin(**changed))
    with pytest.raises(PluginRefused, match="'idp'"):
        idp()


def test_a_plugin_may_bring_several_connectors(install: Any, idp: Any) -> None:
    other = "return [Connector, type('Other', (Connector,), {'name': 'idp-legacy'})]"
    install("idp", plugin(register=other))
    assert {"idp", "idp-legacy"} <= set(idp().connectors.types)


@pytest.mark.parametrize(
    "url",
    [
        "return None",
        "return 'javascript:alert(1)'",
        "return 'http://idp.example/'",
        "return 'https:///path'",
        "return 'https://['",
        "return 'https://user:pw@idp.example/'",
        "return 'https://idp.example/\\r\\nSet-Cookie: a=b'",
        "return 'https://idp.example/ /'",
        "return 'https://idp.exämple/'",
        "return 'https://idp.example/' + 'a' * 5000",
        "return type('S', (str,), {})('https://idp.example/')",
        "raise RuntimeError",
    ],
)
async def test_the_browser_is_sent_nowhere_but_to_an_https_address(
    install: Any, idp: Any, url: str
) -> None:
    install("idp", plugin(url=url))
    with pytest.raises(PluginFailed):
        await idp().authorization_url()


@pytest.mark.parametrize(
    "identify",
    [
        "return None",
        "return {'subject': '7'}",
        "return identity(subject='')",
        "return identity(subject=7)",
        "return identity(subject='7' * 256)",
        "return identity(subject='7\\n')",
        "return identity(issuer='idp.example')",
        "return identity(issuer='https://' + 'a' * 255)",
        "return identity(username=type('S', (str,), {})('x'))",
        "return identity(name=7)",
        "return identity(email_verified='false')",
        "return type('I', (ExternalIdentity,), {})(issuer='https://idp.example', subject='7')",
        "sys.exit(1)",
        "raise ProviderUnavailable('The provider is down.')",
    ],
)
async def test_pl_03_an_identity_that_is_none_signs_nobody_in(
    install: Any, idp: Any, identify: str
) -> None:
    install("idp", plugin(identify=identify))
    with pytest.raises(PluginFailed):
        await idp().identify()


async def test_a_text_that_is_not_short_and_plain_is_left_out_and_locks_nobody_out(
    install: Any, idp: Any, calls: list[PluginCall]
) -> None:
    """People write their names themselves: a family of emoji has joiners in it that nobody sees."""
    unfit = "name='\\U0001f469\\u200d\\U0001f4bb', picture='x' * 50_000_000, username='o\\n'"
    address = "email='o\\u200b@example.com', email_verified=True"
    install("idp", plugin(identify=f"return identity({unfit}, {address})"))
    it = idp()
    for _ in range(6):
        said = await it.identify()
        assert (said.issuer, said.subject) == ("https://idp.example", "7")
        assert (said.name, said.picture, said.username, said.email) == ("", "", "", "")
        assert said.email_verified is False
    assert {call.outcome for call in calls} == {Outcome.DONE}


async def test_a_connector_without_its_settings_says_which(install: Any, idp: Any) -> None:
    install("idp", plugin())
    it = idp()
    unset = OpenConnection(
        tenant_id=it.tenant_id, name="idp", connector=it.connectors.types["idp"], config={}
    )
    with pytest.raises(ConnectorConfigError, match="realm: is missing"):
        await it.identify(unset)


async def test_a_provider_that_fails_is_left_alone_for_that_connection_only(
    install: Any, idp: Any, calls: list[PluginCall]
) -> None:
    install("idp", plugin(identify="raise ProviderUnavailable('down')"))
    it = idp()
    for _ in range(6):
        with pytest.raises(PluginFailed):
            await it.identify()
    for other in (it.connection("second"), it.connection(tenant_id=uuid4())):
        with pytest.raises(PluginFailed):
            await it.identify(other)
    outcomes = [call.outcome for call in calls]
    assert outcomes == [Outcome.RAISED] * 5 + [Outcome.SUSPENDED] + [Outcome.RAISED] * 2


async def test_what_is_told_of_this_server_forgives_the_provider_nothing(
    install: Any, idp: Any
) -> None:
    install("idp", plugin(identify="raise ProviderUnavailable('down')"))
    it = idp()
    for _ in range(5):
        with pytest.raises(PluginFailed):
            await it.identify()
        told = await it.connectors.metadata(it.connection(), redirect_uri="", metadata_uri="")
        assert told == "<idp/>"
    with pytest.raises(PluginFailed) as failed:
        await it.identify()
    assert failed.value.outcome is Outcome.SUSPENDED


@pytest.mark.parametrize(
    "metadata",
    [
        "return await LoginConnector.metadata(self, redirect_uri='', metadata_uri='')",
        "return ''",
        "return b'<idp/>'",
        "return 'x' * 40_001",
    ],
    ids=["has none", "nothing", "bytes", "too much"],
)
async def test_metadata_that_are_no_short_text_are_told_to_nobody(
    install: Any, idp: Any, metadata: str
) -> None:
    install("idp", plugin(metadata=metadata))
    it = idp()
    with pytest.raises(PluginFailed) as failed:
        await it.connectors.metadata(it.connection(), redirect_uri="", metadata_uri="")
    assert failed.value.outcome is Outcome.WRONG_RESULT


async def test_forged_codes_do_not_close_a_connection_for_everybody(
    install: Any, idp: Any, calls: list[PluginCall]
) -> None:
    """The provider says no to each: that is an answer, and nothing is wrong."""
    install("idp", plugin(identify="raise SignInRefused('Unknown code.')"))
    it = idp()
    for _ in range(9):
        with pytest.raises(SignInRefused, match="Unknown code"):
            await it.identify()
    assert {call.outcome for call in calls} == {Outcome.ANSWERED_NO}
