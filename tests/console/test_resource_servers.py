"""``/admin/resource-servers``: for whom clients may ask tokens, added and removed."""

from urllib.parse import urljoin

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.people.users import User
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

FILES, MAIL = "https://files.example", "https://mail.example/v1"


async def asked(server: RunningServer, tenant: Tenant, client: NewClient, resource: str) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "resource": resource},
        auth=(client.client.client_id, str(client.secret)),
    )
    return answer.status_code


@on_sqlite
async def test_a_resource_server_is_added_and_removed(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    foreign_admin: Person,
    alice: User,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    here = f"{acme.issuer}/admin/resource-servers"
    page = await admin.visit(here)
    assert "There are no resource servers yet." in page.text
    for uri in (FILES, MAIL):
        page = await admin.submit({"uri": uri}, to="/resource-servers")
        assert "Added." in page.text
    assert await asked(server, acme, machine, FILES) == 200
    assert await asked(server, acme, machine, "https://other.example") == 400
    removing = next(each for each in forms(page.text) if each.hidden.get("uri") == FILES)
    # Another tenant's administrator has no such form, and no such thing.
    own = forms((await foreign_admin.visit(f"{globex.issuer}/admin/resource-servers")).text)[0]
    theirs = f"{globex.issuer}/admin/resource-servers/remove"
    said = own.hidden | {"uri": FILES}
    answer = await foreign_admin.http.post(theirs, data=said, follow_redirects=True)
    assert "Nothing was done" in answer.text
    assert await asked(server, acme, machine, FILES) == 200
    answer = await admin.http.post(
        urljoin(here, removing.action), data=removing.hidden, follow_redirects=True
    )
    assert "Removed." in answer.text
    assert await asked(server, acme, machine, FILES) == 400
    assert await asked(server, acme, machine, MAIL) == 200
    answer = await admin.http.post(
        urljoin(here, removing.action), data=removing.hidden, follow_redirects=True
    )
    assert "Nothing was done" in answer.text
    events = await ledger.events(acme, Event.TENANT_UPDATED)
    assert [event.actor_id for event in events] == [str(alice.id)] * 3


@on_sqlite
async def test_what_is_no_resource_server_is_said_in_its_place_and_what_was_typed_is_kept(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: settings.changed({"resources": (FILES,)})
    )
    await admin.visit(f"{acme.issuer}/admin/resource-servers")
    for wrong in (
        "",
        "files",
        f"{FILES}#part",
        FILES,
        "https://",
        "https://a b",
        "x:" + "y" * 2048,
    ):
        page = await admin.submit({"uri": wrong}, to="/resource-servers")
        assert page.status_code == 400, wrong
        assert 'id="uri-fault"' in page.text, wrong
        assert f'value="{wrong}"' in page.text, wrong
