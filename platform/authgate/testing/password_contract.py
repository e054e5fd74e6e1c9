"""The contract of ``register_password_connectors``."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from secrets import token_urlsafe
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

import pytest

from authgate import plugin_manager
from authgate.cli.sign_in.headless_browser import Browser
from authgate.plugin_api import (
    ConfigField,
    ConnectorConfigError,
    ConnectorError,
    ExternalIdentity,
    HttpFailure,
    PasswordAttempt,
    PasswordConnector,
    Secret,
    WrongPassword,
    config_fields,
)
from authgate.plugin_manager import ConnectorTypes
from authgate.pretend.directory import Directory, PretendDirectory
from authgate.pretend.host import Answer, Host, Site
from authgate.testing.connector_alone import NONSENSE, echo
from authgate.testing.declared_settings import DeclaredSettings
from authgate.testing.fake_http import FakeHttp, no_network
from authgate.testing.own_loop import done
from authgate.testing.secrecy import leaked, listening, told

if TYPE_CHECKING:
    from authgate.testing.server import RealServer
    from authgate_tenants import Tenant

_SLUG = "contract"
_EXPECTED = (ConnectorError, ConnectorConfigError, HttpFailure)


class PasswordSubject:
    """Say which connector it is; the rest may stay as it is where it asks as ``http-api`` does."""

    connector: ClassVar[type[PasswordConnector[Any]]]
    """The class that is tested."""

    def directory(self, host: str) -> Directory:
        """What answers at the other end, and knows one person."""
        return PretendDirectory(host)

    def settings(self, directory: Directory) -> dict[str, object]:
        """What an administrator enters to connect a tenant with this directory."""
        return {"host": directory.host, "secret": directory.secret}


class _Side:
    """One tenant's connection, and the directory at its other end."""

    def __init__(self, subject: PasswordSubject, name: str, http: FakeHttp) -> None:
        self.directory = subject.directory(f"{name}.directory.example")
        self.settings = subject.settings(self.directory)
        self._made_by, self._http = subject.connector, http
        http.serve(self.directory.host, self.directory)

    async def asked(
        self,
        password: str | None = None,
        *,
        login: str = "",
        changed: Mapping[str, object] = MappingProxyType({}),
    ) -> ExternalIdentity:
        """Whose password it is; that of the person whom the directory knows, unless told."""
        config = self._made_by.parse_config({**self.settings, **changed})
        typed = PasswordAttempt(
            login=login or self.directory.login,
            password=Secret(password or self.directory.password),
        )
        return await self._made_by(config=config, http=self._http).check_password(typed)

    @property
    def secrets(self) -> list[str]:
        """What nobody else may see."""
        return [self.directory.secret, self.directory.password]


class _Bench:
    def __init__(self, subject: PasswordSubject) -> None:
        self.http = FakeHttp()
        self.acme = _Side(subject, "acme", self.http)
        self.globex = _Side(subject, "globex", self.http)


@contextmanager
def _bench(subject: PasswordSubject) -> Iterator[_Bench]:
    with no_network() as tried:
        yield _Bench(subject)
    assert not tried, f"the connector called socket.{tried[0]}: it asks by self.http alone"


class PasswordAlone(DeclaredSettings, PasswordSubject):
    """What holds of every connector that takes passwords."""

    def test_whoever_moves_where_secrets_are_sent_enters_them_anew(self) -> None:
        """Passwords too: ``Setting(…, place=True)`` for each setting that leads to another host."""
        for each in self._fields():
            if not each.secret and not each.place:
                with _bench(self) as at:
                    other = at.globex
                    if each.name in other.settings:
                        with suppress(*_EXPECTED):
                            done(at.acme.asked(changed={each.name: other.settings[each.name]}))
                    hosts = {host for host, _ in at.http.asked}
                assert other.directory.host not in hosts, f"{each.name}: place=True"

    def test_who_has_the_password_is_identified(self) -> None:
        with _bench(self) as at:
            identity = done(at.acme.asked())
        assert identity.issuer.startswith(("https://", "ldaps://"))
        assert identity.subject

    def test_who_is_called_otherwise_is_the_same_person(self) -> None:
        with _bench(self) as at:
            before = done(at.acme.asked())
            at.acme.directory.rename("renamed", "renamed@people.example", verified=True)
            after = done(at.acme.asked())
        assert (before.issuer, before.subject) == (after.issuer, after.subject)

    def test_an_address_that_the_directory_has_not_checked_is_not_verified(self) -> None:
        with _bench(self) as at:
            at.acme.directory.rename("pat", "mallory@people.example", verified=False)
            identity = done(at.acme.asked())
        assert identity.email_verified is False

    def test_a_wrong_name_and_a_wrong_password_are_refused_alike(self) -> None:
        said = []
        for password, login in ((token_urlsafe(12), ""), (None, "nobody-of-this-name")):
            with _bench(self) as at:
                with pytest.raises(WrongPassword) as refused:
                    done(at.acme.asked(password, login=login))
                said.append((str(refused.value), len(at.http.asked)))
        assert said[0] == said[1], "the person, or the time, tells which of them is wrong"

    def test_two_tenants_at_once_do_not_mix(self) -> None:
        async def both(at: _Bench) -> tuple[ExternalIdentity, ExternalIdentity]:
            return await asyncio.gather(at.acme.asked(), at.globex.asked())

        with _bench(self) as at:
            acme, globex = done(both(at))
            assert acme.issuer != globex.issuer, "who is meant depends on the directory"
            for side, other in ((at.acme, at.globex), (at.globex, at.acme)):
                asked = [str(each) for host, each in at.http.asked if host == side.directory.host]
                assert asked
                assert not leaked(other.secrets, " ".join(asked))

    def test_no_secret_and_no_password_travels_in_an_address(self) -> None:
        with _bench(self) as at:
            done(at.acme.asked())
            assert not leaked(at.acme.secrets, " ".join(each.path for _, each in at.http.asked))

    def test_nonsense_for_an_answer_lets_nobody_in(self) -> None:
        for answer in NONSENSE:
            with _bench(self) as at:
                at.http.serve(at.acme.directory.host, _always(answer))
                with suppress(*_EXPECTED):
                    said = done(at.acme.asked())
                    pytest.fail(f"{answer.body[:40]!r} was taken for {said.subject!r}")

    def test_no_error_and_no_log_tells_a_password(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Not even where the directory says all that it was asked in its answer."""
        with _bench(self) as at, listening() as lines:
            at.http.serve(at.acme.directory.host, echo)
            try:
                said = str(done(at.acme.asked()))
            except _EXPECTED as error:
                said = told(error)
            secrets = at.acme.secrets
        printed = capsys.readouterr()
        assert not leaked(secrets, "\n".join([said, *lines, printed.out, printed.err]))

    def _fields(self) -> tuple[ConfigField, ...]:
        return config_fields(self.connector.config_type)

    def _working(self) -> dict[str, object]:
        return self.settings(self.directory("acme.directory.example"))

    def _made(self, settings: Mapping[str, object]) -> object:
        return self.connector.parse_config(settings)


def _always(answer: Answer) -> Site:
    return lambda asked: replace(answer)


class PasswordAtServer(PasswordSubject):
    """What holds of every one of them where it is installed and enabled."""

    def test_people_sign_in_at_two_tenants_and_wrong_passwords_at_none(
        self, authgate_server: "RealServer", capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def both() -> None:
            acme, globex = [await self._site(authgate_server, name) for name in ("acme", "globex")]
            for (tenant, directory, host), (_, other, _) in ((acme, globex), (globex, acme)):
                assert (
                    await self._signs_in(
                        authgate_server, tenant, directory.login, directory.password
                    )
                    == 303
                )
                assert (
                    await self._signs_in(authgate_server, tenant, directory.login, "not-it") == 400
                )
                assert await authgate_server.count_people(tenant) == 1
                assert not leaked([other.secret, other.password], str(host.asked))
                host.says(status=500, body=directory.password.encode())
                assert (
                    await self._signs_in(
                        authgate_server, tenant, directory.login, directory.password
                    )
                    == 503
                )
                heard.extend(await authgate_server.audit_log(tenant))
                secrets.extend([directory.secret, directory.password])

        heard: list[str] = []
        secrets: list[str] = []
        with listening() as lines:
            authgate_server.run(both())
        printed = capsys.readouterr()
        assert not leaked(secrets, "\n".join([*heard, *lines, printed.out, printed.err]))
        for file in authgate_server.folder.glob("authgate.db*"):
            assert not leaked(secrets, file.read_bytes().decode("latin-1"))

    def test_a_tenant_that_has_not_enabled_it_knows_nothing_of_it(
        self, authgate_server: "RealServer"
    ) -> None:
        async def look() -> None:
            tenant = await authgate_server.tenant("initech")
            async with authgate_server.browser() as browser:
                answer = await browser.get(f"{tenant.issuer}/login/{_SLUG}/password")
            assert answer.status_code == 404

        authgate_server.run(look())

    async def _site(self, server: "RealServer", name: str) -> tuple["Tenant", Directory, Host]:
        host = await server.host()
        host.site = directory = self.directory(host.name)
        tenant = await server.tenant(name, self._plugin())
        config = self.settings(directory)
        await server.connect(tenant, _SLUG, connector=self.connector.name, config=config)
        return tenant, directory, host

    async def _signs_in(
        self, server: "RealServer", tenant: "Tenant", login: str, password: str
    ) -> int:
        url = f"{tenant.issuer}/login/{_SLUG}/password"
        async with server.browser() as http:
            browser = Browser(http)
            await browser.open(url)
            form = browser.form_with("password")
            assert form is not None, "its form is not there"
            typed = {"username": login, "password": password}
            answer = await http.post(urljoin(url, form.action), data=form.fields | typed)
        return answer.status_code

    def _plugin(self) -> str:
        types = ConnectorTypes(plugin_manager.load()).types
        found = types.get(self.connector.name)
        if found is None:
            pytest.fail(f"No installed plugin brings {self.connector.name!r}.")
        return found.plugin


class PasswordConnectorContract(PasswordAlone, PasswordAtServer):
    """What every password connector has to keep, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``connector``; ``directory``
    and ``settings`` too, where it asks otherwise, or for other settings than ``host`` and
    ``secret``.
    """
