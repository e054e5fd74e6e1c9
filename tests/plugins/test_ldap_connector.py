"""Passwords that a directory keeps, asked by LDAP: of OpenLDAP, and of servers that say whatever
they like."""

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pyasn1.codec.ber import encoder
from pyasn1_modules import rfc2251

from authgate import provisioning, storage
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    PasswordAttempt,
    ProviderUnavailable,
    Secret,
    SignInRefused,
    StreamFailure,
    WrongPassword,
)
from authgate.plugin_manager import ConnectorTypes, GuardedHttp, GuardedStreams, load
from authgate.pretend.certificate import certificate_in
from authgate.settings import EgressSettings, Settings
from authgate.storage.people import group_members, groups, users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.sign_in.connection_rules import ConnectionRules
from authgate.testing.fake_http import FakeHttp
from authgate_ldap.connector import LdapConnector
from authgate_ldap.conversation import speaking
from authgate_ldap.entries import Entry, NoLdap
from authgate_ldap.messages import MOST_OF_MESSAGE, decoded
from authgate_ldap.names import escaped
from authgate_tenants import TenantSettings, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.slapd import (
    BASE,
    GROUPS,
    ODD,
    PASSWORD,
    PEOPLE,
    SEARCH_ACCOUNT,
    SEARCH_PASSWORD,
    Slapd,
    slapd_running,
)

SEARCHES = {"base_dn": PEOPLE, "bind_dn": SEARCH_ACCOUNT, "bind_password": SEARCH_PASSWORD}
BY_PRINCIPAL = {"hosts": ["a"], "base_dn": BASE, "user_dn": "{login}@acme.example"}
TEMPLATE = {"base_dn": PEOPLE, "user_dn": f"uid={{login}},{PEOPLE}"}


@pytest.fixture(scope="module")
def slapd(certificate: tuple[Path, Path]) -> Iterator[Slapd]:
    with slapd_running(certificate) as running:
        yield running


@pytest.fixture
async def network(certificate: tuple[Path, Path]) -> AsyncIterator[GuardedStreams]:
    allowed = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    async with GuardedHttp(allowed_networks=allowed, authorities=certificate[0]) as guarded:
        yield GuardedStreams(guarded)


def made(network: Any, **entered: Any) -> LdapConnector:
    connector = LdapConnector(config=LdapConnector.parse_config(entered), http=FakeHttp())
    connector.network = network
    return connector


Asked = Callable[..., LdapConnector]


@pytest.fixture
def directory(slapd: Slapd, network: GuardedStreams) -> Asked:
    """The connector to the directory, with a search account unless there is a template."""

    def connect(**entered: Any) -> LdapConnector:
        way = {} if "user_dn" in entered else SEARCHES
        return made(network, **({"hosts": [f"localhost:{slapd.port}"]} | way | entered))

    return connect


async def says(connector: LdapConnector, login: str, password: str = PASSWORD) -> ExternalIdentity:
    return await connector.check_password(PasswordAttempt(login=login, password=Secret(password)))


async def test_who_is_found_and_bound_to_is_told_by_what_never_changes(
    directory: Asked, slapd: Slapd
) -> None:
    asked = directory(confirms_addresses=True, login_attributes=["uid", "mail"])
    pat = await says(asked, "pat")
    assert str(UUID(pat.subject)) == pat.subject
    assert pat == ExternalIdentity(
        issuer=f"ldaps://localhost/{PEOPLE}?entryUUID",
        subject=pat.subject,
        username="pat",
        email="pat@acme.example",
        email_verified=True,
        name="Pat Example",
        said=pat.said,
    )
    slapd.change(f"uid=pat,{PEOPLE}", "mail", "renamed@acme.example")
    again = await says(asked, "Renamed@acme.example")
    assert (again.issuer, again.subject) == (pat.issuer, pat.subject)
    assert again.email == "renamed@acme.example"
    assert not (await says(directory(), "pat")).email_verified


async def test_starttls_and_templates_lead_to_the_same_person(
    directory: Asked, slapd: Slapd
) -> None:
    plain = {"hosts": [f"localhost:{slapd.plain_port}"], "security": "starttls"}
    asked = [directory(), directory(**plain), directory(**TEMPLATE), directory(**plain, **TEMPLATE)]
    found = [await says(each, "pat") for each in asked]
    assert len({(each.issuer, each.subject) for each in found}) == 1


WRONG = [
    ("pat", "wrong"),
    ("nobody", PASSWORD),
    ("gone", PASSWORD),
    ("*", PASSWORD),
    ("pat)(uid=*", PASSWORD),
    ("p*t", PASSWORD),
    (f"pat,{PEOPLE}", PASSWORD),
    ("pat\\2c", PASSWORD),
    ("pat+cn=Pat Example", PASSWORD),
    ("#pat", PASSWORD),
    ("elsewhere", PASSWORD),
    ("pat", ""),
]


@pytest.mark.parametrize("way", [{}, TEMPLATE], ids=["search", "template"])
async def test_wrong_and_unknown_names_and_what_is_to_be_read_as_a_query_are_refused_alike(
    directory: Asked, way: dict[str, Any]
) -> None:
    asked = directory(**way)
    for login, password in WRONG:
        with pytest.raises(WrongPassword) as refused:
            await says(asked, login, password)
        assert not str(refused.value), login


async def test_a_name_that_two_entries_have_is_nobody_s(directory: Asked) -> None:
    asked = directory(login_attributes=["mail"])
    with pytest.raises(WrongPassword):
        await says(asked, "shared@acme.example")


async def test_a_name_of_special_characters_is_bound_to_as_it_is(directory: Asked) -> None:
    by_search = await says(directory(login_attributes=["cn"]), ODD)
    template = directory(base_dn=PEOPLE, user_dn=f"cn={{login}},{PEOPLE}")
    assert (await says(template, ODD)).subject == by_search.subject
    assert escaped(" a") == "\\ a"
    assert escaped("a ") == "a\\ "


async def test_only_whom_the_tenant_wants_comes_in(directory: Asked) -> None:
    with pytest.raises(WrongPassword):
        await says(directory(object_class="device"), "pat")
    with pytest.raises(WrongPassword):
        await says(directory(member_of=f"cn=staff,{GROUPS}"), "pat")
    with pytest.raises(SignInRefused):
        await says(directory(**TEMPLATE, object_class="device"), "pat")


async def test_groups_are_told_with_those_above_them_where_the_tenant_wants_it(
    directory: Asked,
) -> None:
    own = await says(directory(groups_base=GROUPS), "pat")
    assert own.groups == (f"cn=staff,{GROUPS}",)
    above = await says(directory(groups_base=GROUPS, nested_groups=True), "pat")
    assert sorted(above.groups or ()) == [
        f"cn={each},{GROUPS}" for each in ("all", "loop", "staff")
    ]
    assert (await says(directory(), "pat")).groups is None
    crowd = await says(directory(groups_base=f"ou=crowd,{BASE}"), "sam")
    assert crowd.groups is None, "too many to be told: taken out of none"


async def test_what_is_no_password_is_no_wrong_one_and_no_secret_is_told(
    directory: Asked,
) -> None:
    """A search account that is refused, a base that is not there, an identifier that nobody has."""
    for entered in (
        {"bind_password": "no-longer-right"},
        {"base_dn": f"ou=none,{BASE}"},
        {"subject_attribute": "nsUniqueId"},
    ):
        with pytest.raises(ProviderUnavailable) as refused:
            await says(directory(**entered), "pat")
        assert PASSWORD not in repr(refused.value)
        assert "no-longer-right" not in repr(refused.value)


async def test_another_server_is_asked_where_the_first_is_not_there(
    directory: Asked, slapd: Slapd
) -> None:
    hosts = ["localhost:1", f"localhost:{slapd.port}"]
    assert (await says(directory(hosts=hosts), "pat")).username == "pat"
    with pytest.raises(ProviderUnavailable):
        await says(directory(hosts=["localhost:1", "localhost:2"]), "pat")


async def test_certificates_are_verified_whatever_begins_tls(
    slapd: Slapd, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """By whom they are, for which name, and until when."""
    other, _ = certificate_in(tmp_path)
    allowed = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    async with GuardedHttp(allowed_networks=allowed, authorities=other) as guarded:
        for host, security in ((slapd.port, "ldaps"), (slapd.plain_port, "starttls")):
            asked = made(
                GuardedStreams(guarded), hosts=[f"localhost:{host}"], security=security, **SEARCHES
            )
            with pytest.raises(ProviderUnavailable, match="certificate does not hold"):
                await says(asked, "pat")
            assert not [each for each in await asked.examine() if each.passed]
    folder = tmp_path / "expired"
    folder.mkdir()
    expired = certificate_in(folder, valid=timedelta(minutes=-1))
    async with _speaking_tls(expired) as port, _guarded(expired[0]) as guarded:
        asked = made(GuardedStreams(guarded), hosts=[f"localhost:{port}"], **SEARCHES)
        with pytest.raises(ProviderUnavailable, match="expired"):
            await says(asked, "pat")
    async with _guarded(certificate[0]) as guarded:
        asked = made(GuardedStreams(guarded), hosts=[f"127.0.0.2:{slapd.port}"], **SEARCHES)
        with pytest.raises(ProviderUnavailable):
            await says(asked, "pat")


@asynccontextmanager
async def _guarded(authorities: Path) -> AsyncIterator[GuardedHttp]:
    allowed = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    async with GuardedHttp(allowed_networks=allowed, authorities=authorities) as guarded:
        yield guarded


@asynccontextmanager
async def _speaking_tls(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_directory_inside_is_not_reached(slapd: Slapd, certificate: Any) -> None:
    async with GuardedHttp(authorities=certificate[0]) as guarded:
        asked = made(GuardedStreams(guarded), hosts=[f"localhost:{slapd.port}"], **SEARCHES)
        with pytest.raises(ProviderUnavailable, match="no address that may be reached"):
            await says(asked, "pat")


async def test_its_test_shows_each_step(directory: Asked) -> None:
    good = await directory(groups_base=GROUPS).examine()
    assert [each.passed for each in good] == [True] * 4
    bad = await directory(base_dn=f"ou=none,{BASE}", hosts=["localhost:1"]).examine()
    assert [each.passed for each in bad] == [False]
    refused = await directory(bind_password="no-longer-right").examine()
    assert [each.passed for each in refused] == [True, False]


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"), ca_file=certificate[0])
    return settings.model_copy(update={"egress": egress})


@on_sqlite
async def test_people_of_the_directory_sign_in_at_the_server_and_are_in_their_groups(
    server: RunningServer, slapd: Slapd
) -> None:
    wanted = TenantSettings(enabled_plugins=("ldap",), auto_register=True)
    acme = await provisioning.add_tenant(server.parts, slug="acme", name="Acme", settings=wanted)
    with use_tenant(acme):
        async with storage.transaction():
            staff = await groups.create(GroupDraft("Staff"))
        await ConnectionSetup(
            connectors=ConnectorTypes(load()), encryption=server.parts.encryption
        ).add(
            slug="staff",
            connector="ldap",
            config={"hosts": [f"localhost:{slapd.port}"], "groups_base": GROUPS, **SEARCHES},
            rules=ConnectionRules(sign_in_form=True, groups={f"cn=staff,{GROUPS}": str(staff.id)}),
        )
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "pat", "wrong-wrong-wrong")
    assert (await person.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")
    await person.sign_in(acme.issuer, "pat", PASSWORD)
    assert (await person.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/sessions")
    with use_tenant(acme):
        [user] = await users.all_users()
        assert [each.id for each in await group_members.memberships(user.id)] == [staff.id]


# --- Servers that say whatever they like ---------------------------------------------------------


@dataclass
class Script:
    """A network with a server that answers each request with the next of these."""

    answers: Sequence[bytes]
    sent: list[bytes] = field(default_factory=list)
    in_tls: bool = False

    @asynccontextmanager
    async def open(self, host: str, port: int, *, tls: bool = True) -> AsyncIterator[Any]:
        del host, port
        self.in_tls, self._left = tls, list(self.answers)
        self._waiting: list[bytes] = []
        yield self

    async def send(self, content: bytes) -> None:
        assert self.in_tls or b"1.3.6.1.4.1.1466.20037" in content, "in the clear"
        self.sent.append(content)
        if self._left:
            self._waiting.append(self._left.pop(0))

    async def receive(self) -> bytes:
        if not self._waiting:
            return b""
        return self._waiting.pop(0)

    async def start_tls(self) -> None:
        self.in_tls = True


def answer(number: int, name: str, code: int = 0, text: str = "") -> bytes:
    kinds = {
        "bindResponse": rfc2251.BindResponse,
        "searchResDone": rfc2251.SearchResultDone,
        "extendedResp": rfc2251.ExtendedResponse,
    }
    operation = kinds[name]()
    operation["resultCode"] = code
    operation["matchedDN"] = b""
    operation["errorMessage"] = text.encode()
    return _message(number, name, operation)


def named(number: int, said: bytes) -> bytes:
    operation = rfc2251.ExtendedResponse()
    operation["resultCode"] = 0
    operation["matchedDN"] = operation["errorMessage"] = b""
    operation["response"] = said
    return _message(number, "extendedResp", operation)


def reference(number: int, octets: int) -> bytes:
    operation = rfc2251.SearchResultReference()
    operation[0] = b"ldap://" + b"a" * octets
    return _message(number, "searchResRef", operation)


def entry(number: int, dn: str, **attributes: bytes) -> bytes:
    operation = rfc2251.SearchResultEntry()
    operation["objectName"] = dn.encode()
    listed = operation["attributes"]
    listed.clear()
    for place, (name, value) in enumerate(attributes.items()):
        one = listed.componentType.clone()
        one["type"] = name.encode()
        one["vals"][0] = value
        listed[place] = one
    return _message(number, "searchResEntry", operation)


def entry_of_many(number: int, dn: str, **attributes: Sequence[bytes]) -> bytes:
    operation = rfc2251.SearchResultEntry()
    operation["objectName"] = dn.encode()
    for place, (name, values) in enumerate(attributes.items()):
        one = operation["attributes"].componentType.clone()
        one["type"] = name.encode()
        one["vals"].extend(values)
        operation["attributes"][place] = one
    return _message(number, "searchResEntry", operation)


def _message(number: int, name: str, operation: Any) -> bytes:
    message = rfc2251.LDAPMessage()
    message["messageID"] = number
    message["protocolOp"][name] = operation
    said: bytes = encoder.encode(message)
    return said


BOUND = answer(1, "bindResponse")
NOT_NAMED = answer(3, "extendedResp", 2)
PAT = entry(2, f"uid=pat,{PEOPLE}", entryUUID=b"3f0e", uid=b"pat")
DONE = answer(2, "searchResDone")


def whole(code: int, text: str = "") -> list[bytes]:
    return [BOUND, PAT + DONE, answer(3, "bindResponse", code, text)]


async def test_a_script_of_a_good_server_lets_in(network: GuardedStreams) -> None:
    assert (await says(made(Script(whole(0)), hosts=["a"], **SEARCHES), "pat")).subject == "3f0e"


@pytest.mark.parametrize("code", [19, 48, 49, 50, 53])
async def test_an_account_that_is_locked_or_switched_off_there_is_a_wrong_password(
    code: int,
) -> None:
    script = Script(whole(code, "80090308: LdapErr: DSID-0C090446, data 533, v3839"))
    with pytest.raises(WrongPassword):
        await says(made(script, hosts=["a"], **SEARCHES), "pat")


async def test_a_password_that_is_right_and_has_expired_is_told() -> None:
    script = Script(whole(49, "80090308: LdapErr: DSID-0C090446, data 532, v3839"))
    with pytest.raises(SignInRefused, match="expired"):
        await says(made(script, hosts=["a"], **SEARCHES), "pat")


GARBAGE: dict[str, Sequence[bytes]] = {
    "silence": [],
    "no LDAP": [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "huge": [b"\x30\x84\x7f\xff\xff\xff"],
    "endless": [b"\x30\x80\x00"],
    "half": [BOUND[:-2]],
    "nested": [b"\x30\x83\x01\x00\x00" + b"\x30\x80" * 32_768],
    "another number": [answer(7, "bindResponse")],
    "another answer": [answer(1, "searchResDone")],
    "busy": [answer(1, "bindResponse", 51)],
    "search is busy": [BOUND, answer(2, "searchResDone", 52)],
    "sent elsewhere": [BOUND, answer(2, "searchResDone", 10)],
    "a bind sent elsewhere": whole(10),
    "needs more": whole(8),
    "a bind in the middle": [BOUND, answer(2, "bindResponse")],
    "flood": [BOUND, PAT * 50_000],
    "no identifier": [BOUND, entry(2, "uid=pat") + DONE, answer(3, "bindResponse")],
    "text that is none": [
        BOUND,
        entry(2, "uid=pat", entryUUID=b"\xff") + DONE,
        answer(3, "bindResponse"),
    ],
}


@pytest.mark.parametrize("said", GARBAGE.values(), ids=GARBAGE)
async def test_an_answer_that_is_none_is_no_wrong_password(said: Sequence[bytes]) -> None:
    script = Script(said)
    with pytest.raises(ProviderUnavailable) as refused:
        await says(made(script, hosts=["a"], **SEARCHES), "pat")
    assert PASSWORD not in f"{refused.value!r}"


async def test_nothing_is_sent_in_the_clear_and_nothing_believed_that_came_so() -> None:
    """A server, or somebody before it, that does not begin TLS, or says more than that."""
    plain = {"hosts": ["a"], "security": "starttls", **SEARCHES}
    begins = answer(1, "extendedResp")
    for said in (
        [answer(1, "extendedResp", 2)],
        [begins + answer(2, "bindResponse")],
        [answer(1, "bindResponse")],
    ):
        script = Script(said)
        with pytest.raises(ProviderUnavailable):
            await says(made(script, **plain), "pat")
        assert len(script.sent) == 1
        assert PASSWORD.encode() not in script.sent[0]


async def test_as_many_questions_are_asked_for_a_name_that_nobody_has() -> None:
    known = Script(whole(49))
    unknown = Script([BOUND, DONE, answer(3, "bindResponse", 49)])
    for script in (known, unknown):
        with pytest.raises(WrongPassword):
            await says(made(script, hosts=["a"], **SEARCHES), "pat")
    assert len(known.sent) == len(unknown.sent) == 3
    lets_anybody_in = Script([BOUND, DONE, answer(3, "bindResponse")])
    with pytest.raises(WrongPassword):
        await says(made(lets_anybody_in, hosts=["a"], **SEARCHES), "nobody")


async def test_a_network_that_ends_is_no_wrong_password() -> None:
    class Ended(Script):
        async def receive(self) -> bytes:
            raise StreamFailure("The connection failed.")

    with pytest.raises(ProviderUnavailable):
        await says(made(Ended([]), hosts=["a"], **SEARCHES), "pat")


async def test_an_identifier_of_active_directory_is_written_as_it_is_there() -> None:
    guid = bytes(range(16))
    script = Script([BOUND, entry(2, "cn=Pat", objectGUID=guid) + DONE, answer(3, "bindResponse")])
    asked = made(script, hosts=["a"], subject_attribute="objectGUID", **SEARCHES)
    assert (await says(asked, "pat")).subject == "03020100-0504-0706-0809-0a0b0c0d0e0f"


async def test_a_template_of_active_directory_takes_no_other_domain() -> None:
    script = Script([BOUND, DONE, NOT_NAMED, *by_account()])
    assert (await says(made(script, **BY_PRINCIPAL), "pat")).subject == "3f0e"
    assert b"pat@acme.example" in script.sent[0]
    for login in ("pat@evil.example", "EVIL\\pat"):
        with pytest.raises(WrongPassword):
            await says(made(Script([]), **BY_PRINCIPAL), login)


def by_account() -> list[bytes]:
    own = entry(5, f"uid=pat,{PEOPLE}", entryUUID=b"3f0e") + answer(5, "searchResDone")
    return [entry(4, f"uid=pat,{PEOPLE}") + answer(4, "searchResDone"), own]


async def test_whoever_is_bound_is_who_the_server_says_and_nobody_with_that_name_elsewhere() -> (
    None
):
    """An owner whose given name is the login of somebody else, who types their own password."""
    entered = {"login_attributes": ["givenName"], "user_dn": "ACME\\{login}"}
    for said, account in ((NOT_NAMED, b"bob"), (named(3, b"u:ACME\\robert"), b"robert")):
        script = Script([BOUND, DONE, said, *by_account()])
        asked = made(script, hosts=["a"], base_dn=BASE, **entered)
        assert (await says(asked, "bob")).subject == "3f0e"
        assert b"sAMAccountName" in script.sent[3]
        assert account in script.sent[3]
        assert b"givenName" not in b"".join(script.sent)
    owner = entry(4, f"uid=owner,{PEOPLE}", entryUUID=b"0711") + answer(4, "searchResDone")
    for said in (named(3, f"dn:uid=bob,{PEOPLE}".encode()), named(3, b""), named(3, b"u:")):
        asked = made(Script([BOUND, DONE, said, owner]), hosts=["a"], base_dn=BASE, **entered)
        with pytest.raises(SignInRefused):
            await says(asked, "bob")
    own = named(3, f"dn:UID=owner,{PEOPLE}".encode())
    asked = made(Script([BOUND, DONE, own, owner]), hosts=["a"], base_dn=BASE, **entered)
    assert (await says(asked, "owner")).subject == "0711"


async def test_openldap_says_who_is_bound(slapd: Slapd, network: GuardedStreams) -> None:
    async with speaking(network, "localhost", slapd.port, starts_tls=False) as directory:
        assert await directory.who_am_i() == ""
        assert (await directory.bind(f"uid=pat,{PEOPLE}", PASSWORD)).is_success
        assert await directory.who_am_i() == f"dn:uid=pat,{PEOPLE}"


async def test_whoever_has_the_bound_name_as_their_own_is_who_signs_in() -> None:
    """Active Directory lets in the account with this ``userPrincipalName``, before the one whose
    ``sAMAccountName`` it begins with."""
    other = entry(2, f"cn=other,{PEOPLE}") + DONE
    own = entry(3, f"cn=other,{PEOPLE}", entryUUID=b"0711") + answer(3, "searchResDone")
    script = Script([BOUND, other, own])
    assert (await says(made(script, **BY_PRINCIPAL), "pat")).subject == "0711"
    assert b"userPrincipalName" in script.sent[1]
    assert f"cn=other,{PEOPLE}".encode() in script.sent[2]
    not_wanted = Script([BOUND, other, answer(3, "searchResDone")])
    with pytest.raises(SignInRefused):
        await says(made(not_wanted, **BY_PRINCIPAL), "pat")
    several = Script([BOUND, entry(2, "cn=a") + entry(2, "cn=b") + DONE])
    with pytest.raises(SignInRefused):
        await says(made(several, **BY_PRINCIPAL), "pat")


async def test_what_is_large_keeps_nobody_else_waiting() -> None:
    """A message of 64 KB is decoded apart from what everybody waits for; a larger one is none."""
    many = [b"group"] * 6_000
    large = entry_of_many(2, f"uid=pat,{PEOPLE}", entryUUID=[b"3f0e"], memberOf=many)
    assert len(large) < MOST_OF_MESSAGE
    assert isinstance(decoded(large)[2], Entry), "nothing of it is left to be made"
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    try:
        script = Script([BOUND, large + DONE, answer(3, "bindResponse")])
        assert (await says(made(script, hosts=["a"], **SEARCHES), "pat")).subject == "3f0e"
    finally:
        running.cancel()
    assert turns > 20
    too_large = entry_of_many(2, f"uid=pat,{PEOPLE}", entryUUID=[b"3f0e"], memberOf=many * 2)
    script = Script([BOUND, too_large + DONE, answer(3, "bindResponse")])
    with pytest.raises(ProviderUnavailable, match="too long"):
        await says(made(script, hosts=["a"], **SEARCHES), "pat")


def tlv(kind: int, *parts: bytes) -> bytes:
    """A value as BER writes it."""
    content = b"".join(parts)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    head = bytes((len(content),)) if len(content) < 128 else bytes((0x80 | len(size),)) + size
    return bytes((kind,)) + head + content


NAME, NUMBER = tlv(0x04, b"uid=pat"), tlv(0x02, b"\x02")
ONE = tlv(0x30, tlv(0x04, b"uid"), tlv(0x31, tlv(0x04, b"pat")))
ODD_ENTRIES = {
    "nothing in it": tlv(0x30),
    "no operation": tlv(0x30, NUMBER),
    "no number": tlv(0x30, tlv(0x04, b"2"), tlv(0x64, NAME, tlv(0x30))),
    "an endless number": tlv(0x30, tlv(0x02, b"\x01" * 9), tlv(0x64, NAME, tlv(0x30))),
    "no attributes": tlv(0x30, NUMBER, tlv(0x64, NAME)),
    "a name that is no text": tlv(0x30, NUMBER, tlv(0x64, tlv(0x04, b"\xff"), tlv(0x30))),
    "an attribute without values": tlv(
        0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, tlv(0x30, tlv(0x04, b"uid"))))
    ),
    "a value of another kind": tlv(
        0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, ONE.replace(b"\x04\x03pat", b"\x02\x03pat")))
    ),
    "an attribute of another kind": tlv(0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, NAME))),
    "a value that goes on after its end": tlv(
        0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, ONE.replace(b"\x04\x03pat", b"\x04\x7fpat")))
    ),
    "a length that is not said": tlv(
        0x30, NUMBER, tlv(0x64, NAME, b"\x30\x80" + ONE + b"\x00\x00")
    ),
    "a length that is cut off": tlv(0x30, NUMBER, tlv(0x64, NAME, b"\x30\x84\x00")),
    "more behind it": tlv(0x30, NUMBER, tlv(0x64, NAME, tlv(0x30)), tlv(0x04, b"more")),
    "a result of 9 KB": answer(2, "searchResDone", 0, "a" * 9000),
}


@pytest.mark.parametrize("content", ODD_ENTRIES.values(), ids=ODD_ENTRIES)
async def test_an_entry_that_is_none_is_no_wrong_password(content: bytes) -> None:
    with pytest.raises(NoLdap):
        decoded(content)
    script = Script([BOUND, content + DONE, answer(3, "bindResponse")])
    with pytest.raises(ProviderUnavailable):
        await says(made(script, hosts=["a"], **SEARCHES), "pat")


def test_entries_are_read_as_they_were_written() -> None:
    said = {"memberOf": [b"a" * 300, b""], "none": [], "objectGUID": [b"\x00\xff"]}
    number, name, found = decoded(entry_of_many(300, "uid=p\u00e4t", **said))
    assert (number, name, found.dn) == (300, "searchResEntry", "uid=p\u00e4t")
    assert found.attributes == {each.lower(): values for each, values in said.items()}
    controlled = tlv(0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, ONE)), tlv(0xA0))
    assert decoded(controlled)[2] == Entry("uid=pat", {"uid": [b"pat"]})


def test_somebody_in_a_thousand_groups_costs_little() -> None:
    """Processor time: a message of 64 KB took 0.4 s by the schema, and there may be 16 of them."""
    groups = [entry(5, f"cn={number},{GROUPS}") for number in range(1000)]
    tiny = tlv(0x30, tlv(0x04), tlv(0x31)) * 10_900
    large = tlv(0x30, NUMBER, tlv(0x64, NAME, tlv(0x30, tiny)))
    assert 64_000 < len(large) < MOST_OF_MESSAGE
    for messages in (groups, [large]):
        costs = []
        for _ in range(3):
            began = time.process_time()
            for each in messages:
                decoded(each)
            costs.append(time.process_time() - began)
        assert min(costs) < 0.15


async def test_references_are_not_read_and_no_answer_is_longer_than_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that says much in small parts, and lets in in the end, or does not."""
    read: list[bytes] = []

    def reading(content: bytes) -> tuple[int, str, Any]:
        read.append(content)
        return decoded(content)

    monkeypatch.setattr("authgate_ldap.messages.decoded", reading)
    elsewhere = reference(2, 20_000)
    script = Script([BOUND, elsewhere * 3 + PAT + DONE, answer(3, "bindResponse")])
    assert (await says(made(script, hosts=["a"], **SEARCHES), "pat")).subject == "3f0e"
    assert read == [BOUND, PAT, DONE, answer(3, "bindResponse")]
    for much in (reference(2, 4_000) * 20, reference(2, 5) * 101):
        script = Script([BOUND, much + PAT + DONE, answer(3, "bindResponse", 49)])
        with pytest.raises(ProviderUnavailable, match="too"):
            await says(made(script, hosts=["a"], **SEARCHES), "pat")


async def test_many_small_messages_are_read_apart_and_all_together_are_no_more_than_one_megabyte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = 0

    def reading(content: bytes) -> tuple[int, str, Any]:
        nonlocal here
        if threading.current_thread() is threading.main_thread():
            here += len(content)
        return decoded(content)

    monkeypatch.setattr("authgate_ldap.messages.decoded", reading)
    group = entry(5, f"cn={'g' * 900},{GROUPS}")
    some = group * 20 + answer(5, "searchResDone")
    script = Script([*whole(0), answer(4, "bindResponse"), some])
    asked = {"hosts": ["a"], "groups_base": GROUPS, **SEARCHES}
    assert (await says(made(script, **asked), "pat")).subject == "3f0e"
    assert 0 < here <= 8192
    levels = [
        entry(each, f"cn={each},{GROUPS}", a=b"a" * 60_000) * 7 + answer(each, "searchResDone")
        for each in range(5, 8)
    ]
    script = Script([*whole(0), answer(4, "bindResponse"), *levels])
    with pytest.raises(ProviderUnavailable, match="too long"):
        await says(made(script, nested_groups=True, **asked), "pat")


async def test_groups_that_cannot_be_read_are_no_empty_ones_and_too_many_are_none() -> None:
    """Whoever has left one would stay in it, and whoever is in many would leave them all."""
    for code in (32, 50, 51):
        bound_again = answer(4, "bindResponse")
        script = Script([*whole(0), bound_again, answer(5, "searchResDone", code)])
        with pytest.raises(ProviderUnavailable, match="groups"):
            await says(made(script, hosts=["a"], groups_base=GROUPS, **SEARCHES), "pat")
    some = {"entryUUID": b"3f0e", "memberOf;range=0-1499": b"cn=staff"}
    told = entry(2, f"uid=pat,{PEOPLE}", **some) + DONE
    script = Script([BOUND, told, answer(3, "bindResponse")])
    asked = made(script, hosts=["a"], groups_attribute="memberOf", **SEARCHES)
    assert (await says(asked, "pat")).groups is None


async def test_of_five_servers_the_last_is_asked_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class LastIsThere(Script):
        @asynccontextmanager
        async def open(self, host: str, port: int, *, tls: bool = True) -> AsyncIterator[Any]:
            if host != "e":
                await asyncio.sleep(3600)
            async with super().open(host, port, tls=tls) as stream:
                yield stream

    monkeypatch.setattr("authgate_ldap.connector._SECONDS_OF_ALL", 0.2)
    monkeypatch.setattr("authgate_ldap.connector._SECONDS_OF_TEST", 0.1)
    asked = made(LastIsThere(whole(0)), hosts=list("abcde"), **SEARCHES)
    async with asyncio.timeout(5.5):
        assert (await says(asked, "pat")).subject == "3f0e"
        steps = await asked.examine()
    assert [each.passed for each in steps[:6]] == [False] * 4 + [True] * 2


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"hosts": []}, "hosts"),
    ({"hosts": ["ldap://a"]}, "hosts"),
    ({"hosts": ["a:99999"]}, "hosts"),
    ({"security": "none"}, "security"),
    ({"bind_password": ""}, "bind_password"),
    ({"user_dn": "uid={login}"}, "bind_dn"),
    ({"login_attributes": ["uid)(|"]}, "login_attributes"),
    ({"subject_attribute": ""}, "subject_attribute"),
    ({"base_dn": "o" * 300}, "base_dn"),
]


def test_settings_that_could_not_work_are_refused_by_name() -> None:
    for entered, name in UNFIT:
        with pytest.raises(ConnectorConfigError) as refused:
            LdapConnector.parse_config({"hosts": ["a"], **SEARCHES} | entered)
        assert refused.value.field == name, entered
