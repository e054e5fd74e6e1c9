"""The ceremonies of WebAuthn: registering a passkey (7.1), and signing in with one (7.2).

A challenge is with the browser that it was made for, sealed by the tenant's data key, and good
once. So what a device has signed for one tenant, person or purpose is nothing anywhere else, also
where tenants share a host and with it the id of the relying party.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from uuid_utils.compat import uuid7
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from authgate.accounts import authenticators
from authgate.storage.grants import spent_jtis
from authgate.storage.people.users import User
from authgate.storage.sign_in import passkeys
from authgate.storage.sign_in.passkeys import Passkey
from authgate.web import sealed_text
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher

LIFETIME = timedelta(minutes=5)
_SEAL = "passkey-challenge"
_MILLISECONDS = int(LIFETIME.total_seconds()) * 1000
_KNOWN = frozenset(each.value for each in AuthenticatorTransport)
_HANDLE_BYTES = 32
_LONGEST = 16_384
_MALFORMED = (WebAuthnException, ValueError, RecursionError)
_LONGEST_ID = 1023  # WebAuthn section 4, "Credential ID"


class NoPasskey(ValueError):
    """What a browser brings is no passkey that is taken here, now, for this."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a device is to sign."""

    value: bytes
    purpose: str
    """``register``, ``second`` or ``sign-in``."""
    user_id: UUID | None
    """Whose; nobody's yet where somebody signs in without saying who they are."""
    user_handle: bytes
    """By what the device is to know them, where it is to make a passkey."""
    expires_at: datetime

    @classmethod
    def made(
        cls, purpose: str, user_id: UUID | None, *, now: datetime, user_handle: bytes = b""
    ) -> Self:
        """A new one, of 256 random bits."""
        return cls(secrets.token_bytes(32), purpose, user_id, user_handle, now + LIFETIME)

    def sealed(self, cipher: TenantCipher) -> str:
        """The value of the cookie."""
        who = str(self.user_id) if self.user_id else ""
        ends = self.expires_at.timestamp()
        said = [self.value.hex(), who, self.user_handle.hex(), ends]
        return sealed_text.sealed(said, cipher=cipher, kind=_SEAL, object_id=self.purpose)

    @classmethod
    def unsealed(cls, cookie: str, purpose: str, *, cipher: TenantCipher, now: datetime) -> Self:
        """What the cookie says. Raises ``NoPasskey``."""
        try:
            value, who, handle, ends = sealed_text.opened(
                cookie, cipher=cipher, kind=_SEAL, object_id=purpose
            )
        except ValueError as error:
            raise NoPasskey from error
        expires_at = datetime.fromtimestamp(ends, now.tzinfo)
        if expires_at <= now:
            raise NoPasskey
        user_id = UUID(who) if who else None
        return cls(bytes.fromhex(value), purpose, user_id, bytes.fromhex(handle), expires_at)

    async def spend(self) -> None:
        """Use it up. Raises ``NoPasskey`` where it was."""
        if not await spent_jtis.spend(_SEAL, "", self.value.hex(), expires_at=self.expires_at):
            raise NoPasskey


def rp_id() -> str:
    """The id of the relying party: the host of the tenant's issuer (section 5.4.2)."""
    return urlsplit(current_tenant().issuer).hostname or ""


def origin() -> str:
    """Where our pages are, of which alone what is signed is taken."""
    issuer = urlsplit(current_tenant().issuer)
    return f"{issuer.scheme}://{issuer.netloc}"


def handle_of(known: Sequence[Passkey]) -> bytes:
    """By what devices know a person: random, and nobody's elsewhere (section 14.6.1)."""
    return known[0].user_handle if known else secrets.token_bytes(_HANDLE_BYTES)


def registration_options(challenge: Challenge, user: User, known: Sequence[Passkey]) -> str:
    """What ``navigator.credentials.create`` is called with (section 5.4), as JSON."""
    tenant = current_tenant()
    # Tenants below a path share a host: the names are what people tell their passkeys apart by.
    name = f"{user.username} ({tenant.name})" if tenant.prefix else user.username
    options = generate_registration_options(
        rp_id=rp_id(),
        rp_name=tenant.name,
        user_id=challenge.user_handle,
        user_name=name,
        user_display_name=user.name or name,
        challenge=challenge.value,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json(options)


def sign_in_options(challenge: Challenge, known: Sequence[Passkey]) -> str:
    """What ``navigator.credentials.get`` is called with (section 5.5), as JSON: for one of these
    passkeys, or for any that the device finds where there are none."""
    verification = UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=rp_id(),
        challenge=challenge.value,
        timeout=_MILLISECONDS,
        allow_credentials=_descriptors(known) or None,
        user_verification=verification if known else UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


async def registered(credential: str, challenge: Challenge, *, name: str, now: datetime) -> Passkey:
    """The passkey that a device has made (section 7.1), under this name or what made it. Raises
    ``NoPasskey``."""
    given = _registration(credential)
    await challenge.spend()
    try:
        made = verify_registration_response(
            credential=given,
            expected_challenge=challenge.value,
            expected_rp_id=rp_id(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except _MALFORMED as error:
        raise NoPasskey from error
    if challenge.user_id is None or len(made.credential_id) > _LONGEST_ID:
        raise NoPasskey
    return Passkey(
        id=uuid7(),
        user_id=challenge.user_id,
        user_handle=challenge.user_handle,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        rp_id=rp_id(),
        sign_count=made.sign_count,
        transports=[each.value for each in given.response.transports or ()],
        backed_up=made.credential_backed_up,
        name=name or authenticators.called(made.aaguid) or "Passkey",
        aaguid=made.aaguid,
        created_at=now,
        last_used_at=None,
    )


async def shown(credential: str, challenge: Challenge, *, now: datetime) -> Passkey:
    """The passkey that a device has signed with (section 7.2); its counter moves on with that.

    Raises ``NoPasskey``.
    """
    given = _authentication(credential)
    await challenge.spend()
    passkey = await passkeys.find(given.raw_id)
    if passkey is None or passkey.rp_id != rp_id() or not _is_theirs(passkey, given, challenge):
        raise NoPasskey
    try:
        verified = verify_authentication_response(
            credential=given,
            expected_challenge=challenge.value,
            expected_rp_id=passkey.rp_id,
            expected_origin=origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=challenge.user_id is None,
        )
    except _MALFORMED as error:
        raise NoPasskey from error
    if not await passkeys.use(passkey, sign_count=verified.new_sign_count, now=now):
        raise NoPasskey
    return passkey


def _is_theirs(passkey: Passkey, given: AuthenticationCredential, challenge: Challenge) -> bool:
    handle = given.response.user_handle
    if challenge.user_id is None:
        # Section 7.2 step 6: who has not said who they are is known by the handle.
        return handle == passkey.user_handle
    return passkey.user_id == challenge.user_id and handle in (None, passkey.user_handle)


def _registration(credential: str) -> RegistrationCredential:
    try:
        return parse_registration_credential_json(_bounded(credential))
    except _MALFORMED as error:
        raise NoPasskey from error


def _authentication(credential: str) -> AuthenticationCredential:
    try:
        return parse_authentication_credential_json(_bounded(credential))
    except _MALFORMED as error:
        raise NoPasskey from error


def _bounded(credential: str) -> str:
    if len(credential) > _LONGEST:
        raise NoPasskey
    return credential


def _descriptors(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id,
            transports=[AuthenticatorTransport(name) for name in each.transports if name in _KNOWN],
        )
        for each in known
        if each.rp_id == rp_id()
    ]
