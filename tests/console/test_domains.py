"""``/admin/domains``: hosts of a tenant's own, with what proves them, and which it is called by."""

from collections.abc import Iterator
from urllib.parse import urljoin

import httpx2
import pytest

from authgate import provisioning
from authgate.provisioning import domain_proof
from authgate.settings import EgressSettings, Settings
from authgate_tenants import Tenant, domains, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.nameserver import NameServer, nameserver_running
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

HOST = "login.acme.example"


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with nameserver_running() as server:
        yield server


@pytest.fixture
def settings(settings: Settings, names: NameServer) -> Settings:
    egress = EgressSettings(nameservers=(names.address,))
    return settings.model_copy(update={"egress": egress})


async def sent(person: Person, end: str, **fields: str) -> httpx2.Response:
    """Send the form of the page whose address ends so, and which is for these."""
    assert person.page is not None
    chosen = next(
        each
        for each in forms(person.page.text)
        if each.action.endswith(end) and fields.items() <= each.hidden.items()
    )
    person.page = await person.http.post(
        urljoin(str(person.page.url), chosen.action),
        data=chosen.hidden | fields,
        follow_redirects=True,
    )
    return person.page


@on_sqlite
async def test_a_host_is_added_proven_made_the_issuer_and_removed(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    foreign_admin: Person,
    names: NameServer,
) -> None:
    here = f"{acme.issuer}/admin/domains"
    page = await admin.visit(here)
    assert "There are no hosts of your own yet." in page.text
    page = await admin.submit({"host": "localhost"}, to="/domains")
    assert (page.status_code, 'id="host-fault"' in page.text) == (400, True)
    page = await admin.submit({"host": HOST}, to="/domains")
    assert "Added." in page.text
    with use_tenant(acme):
        [claimed] = await domains.every()
    record, value = domain_proof.record(HOST), domain_proof.value(claimed)
    assert record in page.text
    assert value in page.text

    page = await sent(admin, "/check", host=HOST)
    assert "Name server 1" in page.text
    assert names.address not in page.text, "whom the installation asks is no tenant's business"
    assert "There is no such record." in page.text
    names.texts[record] = [value]
    page = await sent(admin, "/check", host=HOST)
    assert "The proof is there." in page.text
    # Who has no claim has no host either, and whose it is nobody takes.
    await foreign_admin.visit(f"{globex.issuer}/admin/domains")
    await foreign_admin.submit({"host": HOST}, to="/domains")
    with use_tenant(globex):
        [theirs] = await domains.every()
    names.texts[record] = [domain_proof.value(theirs)]
    page = await sent(foreign_admin, "/check", host=HOST)
    assert "Another tenant has proven this host." in page.text

    page = await sent(admin, "/issuer", host=HOST)
    assert "Changed." in page.text
    assert f"<code>http://{HOST}</code>" in page.text
    assert "Clients may go on using the former issuer." in page.text
    page = await sent(admin, "/issuer", host="")
    assert f"<code>{acme.issuer}</code>" in page.text
    page = await sent(admin, "/end-overlap")
    assert "Ended:" in page.text
    page = await sent(admin, "/remove", host=HOST)
    assert "Removed." in page.text
    assert (await server.http.get(f"http://{HOST}/login")).status_code == 421


@on_sqlite
async def test_what_cannot_be_done_to_a_host_is_not_done(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    with use_tenant(acme):
        await provisioning.add_domain(server.parts, HOST)
        await provisioning.verify_domain(server.parts, HOST, stated=True)
        await provisioning.make_canonical(server.parts, HOST)
    here = f"{acme.issuer}/admin/domains"
    page = await admin.visit(here)
    assert "/domains/remove" not in page.text
    token = forms(page.text)[0].hidden
    for end, fields in (
        ("remove", {"host": HOST}),
        ("remove", {"host": "nothing.example"}),
        ("check", {"host": "nothing.example"}),
        ("issuer", {"host": "nothing.example"}),
        ("issuer", {"host": HOST, "overlap_days": "many"}),
        ("issuer", {"host": HOST, "overlap_days": "9" * 99}),
    ):
        answer = await admin.http.post(f"{here}/{end}", data=token | fields, follow_redirects=True)
        assert "Nothing was done" in answer.text, (end, fields)
    answer = await admin.http.post(f"{here}/issuer", data=token | {"host": HOST})
    assert (answer.status_code, "already" in answer.text) == (400, True)
