"""How people come in by other ways than a password."""

import re
from dataclasses import replace
from typing import Any

import httpx2

from authgate import provisioning
from authgate.provisioning import operator_accesses
from authgate_tenants import TenantSettings, use_tenant
from authgate_testing.authenticator import code_of, recovery_codes
from authgate_testing.matrix.things import PASSWORD
from authgate_testing.matrix.walk import Walk
from authgate_testing.person import Person, forms
from authgate_testing.server import BASE_URL
from authgate_testing.soft_passkey import SoftPasskey


async def second_factors(walk: Walk) -> None:
    """Somebody sets an app up and adds a passkey, shows both, and takes them away again."""
    issuer, name = walk.home.tenant.issuer, walk.home.member.username
    person, other = Person(walk.stage.http()), Person(walk.stage.http())
    device, here = SoftPasskey(BASE_URL), f"{issuer}/account/security"
    key = f"Key of {walk.home.word}"
    async with walk.undone():
        await walk.sign_in(person, name)
        page = await person.visit(f"{issuer}/second-factor/set-up")
        code = code_of(page.text, walk.stage.parts.clock())
        codes = recovery_codes((await person.submit({"code": code}, to="/set-up")).text)
        await person.visit(here)
        made = device.created(await _asked(walk, person, "/account/security/passkeys"))
        await person.submit({"credential": made, "name": key}, to="/passkeys")
        await other.sign_in(issuer, name, PASSWORD)
        shown = {"code": codes[0], "remember_device": "1"}
        await other.submit(shown, to="/second-factor")
        for action in (
            "forget",
            "/passkeys/rename",
            "/passkeys/remove",
            "/recovery-codes",
            "/authenticator/remove",
        ):
            async with walk.undone(person.http):
                await person.visit(here)
                await person.submit({"name": f"Other {key}"}, to=action)
        for path, to in (("/login", "/second-factor/passkey"), ("/login", "/passkey")):
            again = Person(walk.stage.http())
            await again.visit(f"{issuer}{path}")
            if to != "/passkey":
                await again.submit({"username": name, "password": PASSWORD}, to="/login")
            signed = device.signed(await _asked(walk, again, to))
            await again.submit({"credential": signed}, to=to)


async def passkey_alone(walk: Walk) -> None:
    """Somebody sets a passkey up in their sign-in, since the tenant asks everybody for a factor."""
    tenant, device = walk.home.tenant, SoftPasskey(BASE_URL)
    person = Person(walk.stage.http())
    async with walk.undone():
        with use_tenant(tenant):
            await provisioning.change_tenant(walk.stage.parts, tenant, change=_asking_everybody)
        await person.sign_in(tenant.issuer, walk.home.member.username, PASSWORD)
        made = device.created(await _asked(walk, person, "/second-factor/set-up/passkey"))
        typed = {"credential": made, "name": f"First of {walk.home.word}"}
        page = await person.submit(typed, to="/set-up/passkey")
        assert recovery_codes(page.text), page.text


def _asking_everybody(settings: TenantSettings) -> TenantSettings:
    return replace(settings, second_factor="required")


async def _asked(walk: Walk, person: Person, to: str) -> dict[str, Any]:
    """What a page's script is told to ask a device."""
    assert person.page is not None
    token = forms(person.page.text)[0].hidden["csrf_token"]
    url = f"{walk.home.tenant.issuer}{to}/options"
    told: dict[str, Any] = (await person.http.post(url, data={"csrf_token": token})).json()
    return told


async def federation(walk: Walk, chief: Person) -> None:
    """To another provider, which knows people by the codes that it gives out, and back."""
    browser = walk.stage.http()
    url = f"{walk.home.tenant.issuer}/login/hub-{walk.home.word}"
    sent = await browser.get(url)
    state = httpx2.URL(sent.headers["location"]).params["state"]
    await browser.get(f"{url}/callback", params={"code": f"1234-{walk.home.word}", "state": state})
    links = f"{walk.home.tenant.issuer}/account/identities/link"
    for begins in (f"{url}/trial", f"{links}/hub-{walk.home.word}"):
        sent = await chief.http.get(begins)
        state = httpx2.URL(sent.headers["location"]).params["state"]
        asked = {"code": f"5678-{walk.home.word}", "state": state}
        chief.page = await chief.http.get(f"{url}/callback", params=asked)
    await chief.submit({}, to="/identities/link")


async def posted(walk: Walk) -> None:
    """Back from a provider that has read of this server, by a form that it has the browser post:
    from another site, so without what the browser was given, and then once more from here."""
    person, stranger = Person(walk.stage.http()), Person(walk.stage.http())
    url = f"{walk.home.tenant.issuer}/login/posting-{walk.home.word}"
    await person.http.get(f"{url}/metadata")
    sent = await person.http.get(url)
    state = httpx2.URL(sent.headers["location"]).params["state"]
    answer = {"code": f"posted-{walk.home.word}", "state": state}
    person.page = await stranger.http.post(f"{url}/callback", data=answer)
    done = await person.submit({}, to="/callback", follow=False)
    assert done.is_redirect, done.text


async def by_directory(walk: Walk, chief: Person) -> None:
    """With a password that another place keeps; somebody who is in has it be a way in."""
    word, issuer = walk.home.word, walk.home.tenant.issuer
    person = Person(walk.stage.http())
    for somebody, begins, name in (
        (person, f"{issuer}/login/directory-{word}", "listed"),
        (chief, f"{issuer}/account/identities/link/directory-{word}", "unlisted"),
    ):
        await somebody.visit(begins)
        typed = {"username": f"{name}-{word}", "password": word}
        page = await somebody.submit(typed, to="/password", follow=False)
        assert page.status_code < 400, page.text


async def guest(walk: Walk) -> None:
    """An operator of the installation, who comes in by the door that is held open for them."""
    tenant, access, now = walk.home.tenant, walk.home.guest, walk.stage.parts.clock()
    with use_tenant(tenant):
        key = await operator_accesses.open_door(access.id, access.operator_id, now=now)
    guest = Person(walk.stage.http())
    await guest.visit(f"{tenant.issuer}{operator_accesses.ENTRY}?key={key}")
    page = await guest.submit({}, to=operator_accesses.ENTRY)
    assert page.is_success, page.text


async def invited(walk: Walk, person: Person) -> None:
    """By mail, that is shown as long as the tenant has no server for it."""
    for somebody in (person, Person(walk.stage.http())):
        page = await somebody.visit(f"{walk.home.tenant.issuer}/mails")
        for link in re.findall(r'<a href="([^"]+)" class="mail-link"', page.text):
            await walk.look_at(somebody, await somebody.visit(link))
