"""Names of all scripts: refused where they identify, shown and kept apart where they only name."""

from html.parser import HTMLParser

import pytest

from authgate import provisioning
from authgate.accounts.connection_setup import BadConnectionSlug, ConnectionSetup
from authgate.plugin_manager import ConnectorTypes, load
from authgate.storage.clients.clients import BadClientId
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.storage.people.usernames import BadUsername
from authgate.storage.people.users import User, UsernameTaken
from authgate.tokens import scopes
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.resolver import BadSlug
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

ODD = {
    "turns the text around": "\u202eadmin\u202c",
    "isolates": "\u2066admin\u2069",
    "a blank of no width": "admin\u200b",
    "a joiner of no width": "ad\u200dmin",
    "a soft hyphen": "ad\u00admin",
    "a selector of variants": "admin\ufe0f",
    "a joiner of graphemes": "admin\u034f",
    "a filler": "admin\u3164",
    "a tag": "admin\U000e0061",
    "an emoji": "admin\U0001f600",
    "two directions": "\u05d3\u05d5\u05d3admin",
}
"""What no id is made of."""

LOOKS_LIKE_ADMIN = {
    "another case": "ADMIN",
    "wide letters": "\uff41\uff44\uff4d\uff49\uff4e",
    "one cyrillic letter": "\u0430dmin",
    "an i without a dot": "adm\u0131n",
    "a latin alpha": "\u0251dmin",
    "a blank of no width": "admin\u200b",
}


async def make(server: RunningServer, tenant: Tenant, name: str) -> User:
    with use_tenant(tenant):
        return await users.create(username=name)


@pytest.mark.parametrize("name", LOOKS_LIKE_ADMIN.values(), ids=list(LOOKS_LIKE_ADMIN))
async def test_un_01_nobody_is_called_what_could_be_read_as_another_name(
    server: RunningServer, acme: Tenant, globex: Tenant, name: str
) -> None:
    await make(server, acme, "admin")
    with pytest.raises((BadUsername, UsernameTaken)):
        await make(server, acme, name)
    # Whether or not anybody has that name yet.
    if name not in ("ADMIN", LOOKS_LIKE_ADMIN["wide letters"]):
        with pytest.raises(BadUsername):
            await make(server, globex, name)


@on_sqlite
@pytest.mark.parametrize("name", ["\u0441\u043e\u0441\u043e", "\u03bf\u03bf\u03bf", "\u0585\u0578"])
async def test_un_01_a_whole_name_of_look_alikes_is_refused(
    server: RunningServer, acme: Tenant, name: str
) -> None:
    with pytest.raises(BadUsername, match="would be read as"):
        await make(server, acme, name)


@on_sqlite
@pytest.mark.parametrize(
    "name",
    [
        "Ren\u00e9",
        "i\u015f\u0131k",
        "\u0456\u0432\u0430\u043d",
        "\u03b4\u03cc\u03be\u03b1",
        "\u5f35\u5049",
        "\u5c71\u7530\u305f\u308d\u3046",
        "\uae40\ucca0\uc218",
        "\u05d3\u05d5\u05d3",
        "\u0645\u062d\u0645\u062f",
        "o'brien",
        "mira+work@acme.example",
    ],
)
async def test_names_of_one_script_are_names(
    server: RunningServer, acme: Tenant, name: str
) -> None:
    user = await make(server, acme, name)
    with use_tenant(acme):
        found = await users.find_by_login(name)
    assert found is not None
    assert (found.id, found.username) == (user.id, name)


@on_sqlite
@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
async def test_un_05_no_id_is_made_of_what_cannot_be_seen_or_typed(
    server: RunningServer, acme: Tenant, odd: str
) -> None:
    with pytest.raises(BadUsername):
        await make(server, acme, odd)
    with pytest.raises(BadSlug):
        await provisioning.add_tenant(server.parts, slug=odd, name="Odd")
    with pytest.raises(scopes.MalformedScope):
        scopes.parse(odd)
    with use_tenant(acme):
        with pytest.raises(BadClientId):
            await provisioning.add_client(
                server.parts,
                ClientDraft(
                    name="Odd",
                    client_id=odd,
                    grant_types=[GRANT],
                    scopes=[],
                    public=True,
                ),
            )
        connections = ConnectionSetup(
            connectors=ConnectorTypes(load()), encryption=server.parts.encryption
        )
        with pytest.raises(BadConnectionSlug):
            await connections.add(slug=odd, connector="github", config={})


class _Texts(HTMLParser):
    """What a page says, and whether each text is kept from turning what is around it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[str, bool]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if "title" not in self._open:
            self.texts.append((text, "bdi" in self._open))


def shown(html: str, name: str) -> list[bool]:
    """Whether it is isolated, at each place where a page shows a name."""
    page = _Texts()
    page.feed(html)
    return [isolated for text, isolated in page.texts if name in text]


@on_sqlite
@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
async def test_un_05_names_for_people_may_be_anything_and_are_isolated(
    server: RunningServer, password_hash: str, odd: str
) -> None:
    company, app, label = f"{odd} Ltd", f"{odd} CLI", f"{odd} Hub"
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="odd",
        name=company,
        settings=TenantSettings(enabled_plugins=("github",)),
    )
    with use_tenant(tenant):
        await users.create(username="\u05d3\u05d5\u05d3", password_hash=password_hash)
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name=app,
                grant_types=[GRANT],
                scopes=["read"],
                public=True,
            ),
        )
        connections = ConnectionSetup(
            connectors=ConnectorTypes(load()), encryption=server.parts.encryption
        )
        config = {"client_id": "a", "client_secret": "b"}
        await connections.add(slug="hub", connector="github", label=label, config=config)
    person = Person(server.browser())
    login = await person.visit(f"{tenant.issuer}/login")
    assert shown(login.text, label) == [True]
    assert shown(login.text, company)
    home = await person.sign_in(tenant.issuer, "\u05d3\u05d5\u05d3", "correct-horse-battery-staple")
    assert shown(home.text, "\u05d3\u05d5\u05d3")
    started = await Device(server.http, tenant, client).start()
    await person.visit(f"{tenant.issuer}/device")
    confirm = await person.submit({"user_code": started["user_code"]}, to="/device")
    assert len(shown(confirm.text, app)) >= 2
    done = await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert shown(done.text, app)
    token = await Device(server.http, tenant, client).poll(started["device_code"])
    assert token.status_code == 200
    sessions = await person.visit(f"{tenant.issuer}/account/sessions")
    assert len(shown(sessions.text, app)) >= 2
    for page in (login, home, confirm, done, sessions):
        for name in (company, app, label, "\u05d3\u05d5\u05d3"):
            assert all(shown(page.text, name)), (page.url, name)
