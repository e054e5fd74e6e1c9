"""``/admin/signing-keys``: rotated, revoked, brought and chosen by hand."""

from urllib.parse import urljoin

from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import KeyState
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

KNOWN_AFTER = 1261


async def states(tenant: Tenant) -> dict[str, KeyState]:
    with use_tenant(tenant):
        return {each.kid: each.state for each in await signing_keys.every()}


async def of(tenant: Tenant, state: KeyState) -> str:
    [kid] = [kid for kid, found in (await states(tenant)).items() if found is state]
    return kid


@on_sqlite
async def test_a_key_is_rotated_once_clients_know_the_next_or_at_once(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/signing-keys"
    first = await of(acme, KeyState.ACTIVE)
    await admin.visit(here)
    page = await admin.submit({}, to="/rotate")
    assert "Not rotated" in page.text
    assert await of(acme, KeyState.ACTIVE) == first
    page = await admin.submit({"now": "1"}, to="/rotate")
    assert "Rotated" in page.text
    assert (await states(acme))[first] is KeyState.RETIRING
    server.clock.advance(KNOWN_AFTER)
    await admin.visit(here)
    assert "Rotated" in (await admin.submit({}, to="/rotate")).text


@on_sqlite
async def test_a_key_is_revoked_after_it_was_asked_and_never_another_tenants(
    acme: Tenant, globex: Tenant, admin: Person, foreign_admin: Person
) -> None:
    here, kid = f"{acme.issuer}/admin/signing-keys", await of(acme, KeyState.ACTIVE)
    page = await admin.visit(here)
    asked = next(each for each in forms(page.text) if each.hidden.get("kid") == kid)
    own = forms((await foreign_admin.visit(f"{globex.issuer}/admin/signing-keys")).text)
    said = next(each for each in own if "kid" in each.hidden).hidden | {"kid": kid}
    theirs = f"{globex.issuer}/admin/signing-keys/revoke"
    answer = await foreign_admin.http.post(theirs, data=said, follow_redirects=True)
    assert "Nothing was done" in answer.text
    answer = await foreign_admin.http.post(
        theirs, data=said | {"kid": "x" * 65}, follow_redirects=True
    )
    assert "Nothing was done" in answer.text
    assert (await states(acme))[kid] is KeyState.ACTIVE
    answer = await admin.http.post(
        urljoin(here, asked.action), data=asked.hidden, follow_redirects=True
    )
    assert "Revoked" in answer.text
    assert (await states(acme))[kid] is KeyState.REVOKED


@on_sqlite
async def test_what_cannot_be_undone_asks_for_a_recent_sign_in(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    kid = await of(acme, KeyState.ACTIVE)
    await admin.visit(f"{acme.issuer}/admin/signing-keys")
    server.clock.advance(1700)
    page = await admin.submit({"kid": kid}, to="/revoke")
    assert "/login" in str(page.url)
    assert (await states(acme))[kid] is KeyState.ACTIVE


@on_sqlite
async def test_a_key_is_brought_and_never_shown_again(acme: Tenant, admin: Person) -> None:
    key, here = SigningKey.make(), f"{acme.issuer}/admin/signing-keys"
    await admin.visit(here)
    sealed = key.pem(passphrase="open sesame")
    page = await admin.submit({"key": sealed}, to="/import")
    assert page.status_code == 400
    assert 'id="key-fault"' in page.text
    assert sealed.splitlines()[1] not in page.text
    page = await admin.submit({"key": key.pem()}, to="/import")
    assert "Taken." in page.text
    assert await of(acme, KeyState.PENDING) == key.thumbprint
    page = await admin.submit({"key": key.pem()}, to="/import")
    assert "has had this key before" in page.text


@on_sqlite
async def test_another_algorithm_is_published_first(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/signing-keys"
    await admin.visit(here)
    page = await admin.submit({"algorithm": "EdDSA"}, to="/algorithm")
    assert "Published" in page.text
    assert '<option value="ES256" selected>' in page.text
    server.clock.advance(KNOWN_AFTER)
    await admin.visit(here)
    page = await admin.submit({"algorithm": "EdDSA"}, to="/algorithm")
    assert "Changed" in page.text
    assert '<option value="EdDSA" selected>' in page.text
    answer = await admin.submit({"algorithm": "none"}, to="/algorithm")
    assert answer.status_code == 400
