"""What people do about their own accounts, begin one, or get back into it."""

from datetime import timedelta
from uuid import UUID

from authgate.provisioning.forgotten_passwords import CHOICE
from authgate.provisioning.joining import BEGINNING
from authgate.provisioning.own_profile import ADDRESS, UNDO
from authgate.storage.people import mailed_links
from authgate.vocabulary import LinkPurpose
from authgate_tenants import use_tenant
from authgate_testing.matrix.things import PASSWORD
from authgate_testing.matrix.walk import Walk
from authgate_testing.person import Person

_TYPED = {"current": PASSWORD, "password": f"another-{PASSWORD}"}
_PAGES = ("profile", "password", "data", "identities", "impersonations")


async def by_links(walk: Walk) -> None:
    """That were mailed to people who have not signed in."""
    word, member = walk.home.word, walk.home.member.id
    for path, purpose, user_id, name in (
        (BEGINNING, LinkPurpose.JOIN, None, "begun"),
        (CHOICE, LinkPurpose.PASSWORD, member, ""),
        (UNDO, LinkPurpose.UNDO, member, "former"),
    ):
        email = f"{name}@{word}.example" if name else ""
        url = await _mailed(walk, path, purpose, user_id, email)
        somebody = Person(walk.stage.http())
        await walk.look_at(somebody, await somebody.visit(url), _TYPED)


async def signed_in(walk: Walk) -> None:
    """On the pages of somebody in charge of nothing, and of somebody who leaves, whose address is
    not proven."""
    member, issuer = walk.home.member, walk.home.tenant.issuer
    person, leaver = Person(walk.stage.http()), Person(walk.stage.http())
    await walk.sign_in(person, member.username)
    email = f"next@{walk.home.word}.example"
    proven = await _mailed(walk, ADDRESS, LinkPurpose.ADDRESS, member.id, email)
    for url in (*(f"{issuer}/account/{page}" for page in _PAGES), proven):
        await walk.look_at(person, await person.visit(url), _TYPED)
    await walk.sign_in(leaver, f"deputy-{walk.home.word}")
    for page in ("profile", "data"):
        await walk.look_at(leaver, await leaver.visit(f"{issuer}/account/{page}"), _TYPED)


async def _mailed(
    walk: Walk, path: str, purpose: LinkPurpose, user_id: UUID | None, email: str
) -> str:
    now = walk.stage.parts.clock()
    with use_tenant(walk.home.tenant):
        token, _ = await mailed_links.add(
            purpose, user_id=user_id, email=email, good=timedelta(hours=1), now=now
        )
    return f"{walk.home.tenant.issuer}{path}?token={token}"
