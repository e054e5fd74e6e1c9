"""``/admin/find``: one field for whatever somebody looks for, as far as they may see it."""

import re
from urllib.parse import quote

from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.storage.people.users import User, UserRow
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import ScopeDraft
from authgate_tenants import Tenant, use_tenant
from authgate_testing.person import Person


async def found(person: Person, tenant: Tenant, search: str) -> list[str]:
    """Where the answer leads, below the console."""
    page = await person.visit(f"{tenant.issuer}/admin/find?search={quote(search)}")
    assert page.status_code == 200, page.text
    _, _, answer = page.text.partition("</main>")[0].partition('role="search"')
    return re.findall(r'<a href="[^"]*/admin(/[^"]+)"', answer)


async def test_clients_people_scopes_and_settings_are_found_by_what_people_know_of_them(
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    foreign_admin: Person,
    alice: User,
    carol: User,
    machine: NewClient,
) -> None:
    with use_tenant(acme):
        scope = await scopes.create(ScopeDraft(name="orders:read", title="see your orders"))
    client = f"/clients/{machine.client.id}"
    person = f"/users/{carol.id}"
    for search, where in (
        (machine.client.name, client),
        (machine.client.client_id, client),
        (str(machine.client.id), client),
        (str(carol.email).upper(), person),
        (carol.username, person),
        (str(carol.id), person),
        ("orders:", f"/scopes/{scope.id}"),
        ("every client needs", "/settings/clients#require_pkce"),
        ("require_pkce", "/settings/clients#require_pkce"),
        ("privacy", "/branding#privacy_url"),
    ):
        assert where in await found(admin, acme, search), search
        theirs = await found(foreign_admin, globex, search)
        assert where.startswith(("/settings", "/branding")) or where not in theirs, search
    assert await found(admin, acme, "no such thing") == []
    assert admin.page is not None
    assert "Nothing is called so." in admin.page.text
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.CLIENT_MANAGER)
    assert await found(admin, acme, carol.username) == [], "they look after no people"
    assert await found(admin, acme, "require_pkce") == []
    assert client in await found(admin, acme, machine.client.client_id)
