"""Adding a passkey at the pages about it, as their script does."""

from typing import Any

from authgate_tenants import Tenant
from authgate_testing.person import Person, forms
from authgate_testing.soft_passkey import SoftPasskey

ORIGIN = "http://localhost:8080"
"""Where the pages of the tests' tenants are."""


async def options(person: Person, ending: str) -> dict[str, Any]:
    """What the script of the page before somebody is told to ask the device."""
    assert person.page is not None
    form = next(each for each in forms(person.page.text) if each.action.endswith(ending))
    answer = await person.http.post(f"{ORIGIN}{form.action}/options", data=form.hidden)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def added(person: Person, tenant: Tenant, device: SoftPasskey, name: str = "Key") -> str:
    """Add a passkey; the page that comes."""
    await person.visit(f"{tenant.issuer}/account/security")
    made = device.created(await options(person, "/passkeys"))
    page = await person.submit({"credential": made, "name": name}, to="/passkeys")
    assert page.status_code == 200
    return page.text
