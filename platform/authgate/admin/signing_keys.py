"""``/signing-keys``: what the tenant signs with, and what takes over from it when.

A key is called by its ``kid``. Private parts come in, where a key is brought, and never go out.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning.signing_algorithms import change_algorithm
from authgate.provisioning.tenant_settings import UnfitTenant
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.tokens import imported_key
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.imported_key import UnfitKey
from authgate.tokens.keys import KNOWN_AFTER, KeysChanged, KeyTooYoung, KnownKey
from authgate_tenants import current_tenant
from authgate_tenants.settings import SigningAlgorithm

_LONGEST_KID = 64


class SigningKeyDocument(Document):
    """A key that the tenant signs with, has signed with, or is to sign with."""

    model_config = exemplified(
        kid="Fz8hJcW3yP0q7nVbXo2LkTtS1RmUdEaGiYwQ5s9HxNA",
        algorithm="ES256",
        state="active",
        created_at="2026-03-02T09:12:44Z",
        published_at="2026-03-02T09:12:44Z",
        activated_at="2026-06-01T09:14:02Z",
        rotates_at="2026-08-30T09:14:02Z",
        retired_at=None,
        revoked_at=None,
        expires_at=None,
    )

    kid: str
    """As the JWKS and the headers of tokens name it: its thumbprint (RFC 7638), if it was made
    here."""

    algorithm: SigningAlgorithm
    state: KeyState
    """`pending` waits in the JWKS, `active` signs, `retiring` is still published for what it has
    signed, `revoked` is believed no more."""

    created_at: datetime
    published_at: datetime
    """Since when it is in the JWKS."""

    activated_at: datetime | None
    rotates_at: datetime | None
    """When the key that waits takes over from it."""

    retired_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None
    """Until when it is in the JWKS, where it signs no more."""


class SigningKeyList(Document):
    """The newest two hundred keys of the tenant, the newest first."""

    items: Sequence[SigningKeyDocument]


class SigningKeyImport(Document):
    """A private key that is to sign."""

    model_config = exemplified(key="-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n")

    key: Annotated[str, Field(min_length=1, max_length=imported_key.LONGEST)]
    """PEM, or a JWK as text: P-256, Ed25519, RSA of 2048 to 4096 bits, or a secret of 32 bytes.
    One that is encrypted is refused: `authgate keys import` opens it where its file is."""

    kid: Annotated[str, Field(max_length=_LONGEST_KID, pattern=rf"^$|{imported_key.KID}")] = ""
    """What the tokens call it that it has signed elsewhere: they stay good for whoever looks it up
    in the JWKS. Where it is left out, the `kid` of the JWK, or its thumbprint (RFC 7638)."""


class Rotation(Document):
    """What is to be rotated."""

    model_config = exemplified(algorithm="ES256", now=True)

    algorithm: SigningAlgorithm | None = None
    """The tenant's own where it is left out."""

    now: bool = False
    """Even if clients may not know the next key yet, as after one has leaked."""


class RotationDocument(Document):
    """What a rotation did, by the ids of the keys."""

    model_config = exemplified(
        active="Fz8hJcW3yP0q7nVbXo2LkTtS1RmUdEaGiYwQ5s9HxNA",
        pending="b5TqKxW0uYc8sEoRzHnJ3dVgMfLiPa1OeZr6tN2XwQk",
        retiring="Yq4LwM7rGz1cTnXoB8uKjVdPsEiHaRf0Q3xN6ZeWtOg",
    )

    active: str
    """It signs from now on."""

    pending: str
    """It is new, and waits."""

    retiring: str
    """It signs no more, and what it has signed stays good."""


class AlgorithmWish(Document):
    """What the tenant is to sign by."""

    model_config = exemplified(algorithm="EdDSA", now=False)

    algorithm: SigningAlgorithm
    now: bool = False
    """Even if clients may not know its keys yet."""


class AlgorithmDocument(Document):
    """What the tenant signs by."""

    model_config = exemplified(algorithm="ES256", known_at="2026-03-02T09:32:44Z")

    algorithm: SigningAlgorithm
    """It signs now."""

    known_at: datetime | None
    """When clients know the keys of the algorithm that is wanted: ask again then. `null` once it
    is the one that signs."""


async def list_signing_keys(call: Call[Nothing, Nothing]) -> Answer[SigningKeyList]:
    """List signing keys."""
    del call
    found = [_document(each) for each in await signing_keys.every()]
    return Answer(SigningKeyList(items=found))


async def read_signing_key(call: Call[Nothing, Nothing]) -> Answer[SigningKeyDocument]:
    """Read a signing key, without its private part."""
    return Answer(_document(await _named(_kid(call))))


async def import_signing_key(call: Call[Nothing, SigningKeyImport]) -> Answer[SigningKeyDocument]:
    """Bring a key that is to sign.

    It waits in the JWKS, in place of the key of its algorithm that waited, which has signed nothing
    and ends. It signs after the next rotation. A guest of the installation brings none: they would
    have it when they are gone.
    """
    call.caller.refuse_guest()
    said = call.body
    try:
        key = await asyncio.to_thread(imported_key.read, said.key, kid=said.kid)
    except UnfitKey as error:
        raise Invalid(faults=[Fault(str(error), pointer="/key")]) from error
    with _refused():
        await call.parts.keys.bring_in(key, actor=call.caller.actor)
    made = await _named(key.kid)
    place = f"{current_tenant().issuer}{BASE}/signing-keys/{quote(made.kid, safe='')}"
    return Answer(_document(made), ((b"location", place.encode("ascii")),))


async def revoke_signing_key(call: Call[Nothing, Nothing]) -> Answer[SigningKeyDocument]:
    """End a signing key at once.

    Every token that it has signed is refused from now on, by all processes within a second, and
    it is out of the JWKS. The key that waits takes the place of one that signs.
    """
    key = await _named(_kid(call))
    if key.state is KeyState.REVOKED:
        raise Conflict("The key is revoked already.")
    with _refused():
        await call.parts.keys.revoke(key.kid, actor=call.caller.actor)
    return Answer(_document(await _named(key.kid)))


async def rotate_signing_keys(call: Call[Nothing, Rotation]) -> Answer[RotationDocument]:
    """Let the key that waits sign from now on.

    What the former has signed stays good. Refused while clients that keep the JWKS may not know the
    next key, unless it has to be now.
    """
    said = call.body
    with _refused():
        rotation = await call.parts.keys.rotate(
            said.algorithm or current_tenant().settings.signing_algorithm,
            actor=call.caller.actor,
            known_for=0 if said.now else KNOWN_AFTER,
        )
    if rotation is None:
        raise Conflict("Another rotation came first.")
    return Answer(told(rotation, RotationDocument))


async def change_signing_algorithm(call: Call[Nothing, AlgorithmWish]) -> Answer[AlgorithmDocument]:
    """Sign by another algorithm.

    Its keys are made and published first: `known_at` says when clients know them, and the same
    request has it sign from then on. Tokens that were signed before stay good.
    """
    said = call.body
    try:
        change = await change_algorithm(
            call.parts, said.algorithm, at_once=said.now, actor=call.caller.actor
        )
    except UnfitTenant as error:
        raise Conflict(str(error)) from error
    return Answer(told(change, AlgorithmDocument))


def _kid(call: Call[Any, Any]) -> str:
    kid = call.path["kid"]
    if len(kid) > _LONGEST_KID:
        raise NotFound
    return kid


async def _named(kid: str) -> SigningKey:
    key = await signing_keys.find(kid)
    if key is None:
        raise NotFound
    return key


def _document(key: SigningKey) -> SigningKeyDocument:
    return told(key, SigningKeyDocument)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except KeyTooYoung as error:
        raise Conflict(
            f"Clients that keep the JWKS know the next key by {error}: wait, or say now."
        ) from error
    except KnownKey as error:
        raise Conflict("The tenant has had this key before.") from error
    except KeysChanged as error:
        raise Conflict("Somebody else changed the keys in this moment: try again.") from error


_READ, _WRITE = Scope.KEYS_READ, Scope.KEYS_WRITE
_ONE = "/signing-keys/{kid}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/signing-keys", list_signing_keys, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/signing-keys",
        import_signing_key,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_signing_key, scope=_READ),
    operation(
        HTTPMethod.POST, f"{_ONE}/revoke", revoke_signing_key, scope=_WRITE, problems=[Conflict]
    ),
    operation(
        HTTPMethod.POST,
        "/signing-key-rotations",
        rotate_signing_keys,
        scope=_WRITE,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.POST,
        "/signing-algorithm",
        change_signing_algorithm,
        scope=_WRITE,
        problems=[Conflict],
    ),
]
