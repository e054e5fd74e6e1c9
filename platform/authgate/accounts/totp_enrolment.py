"""The secret of an app that is being set up: with its person's browser, sealed, until a first code
has proven that the app has it. Nothing is stored before."""

from datetime import datetime, timedelta

from authgate.accounts import totp
from authgate.storage.people.users import User
from authgate.web import sealed_text
from authgate_tenants.encryption import TenantCipher

LIFETIME = timedelta(minutes=30)
_SEAL = "totp-enrolment"


def begun(user: User, *, cipher: TenantCipher, now: datetime) -> str:
    """A new secret, which opens for this person alone."""
    said = [totp.new_secret().hex(), (now + LIFETIME).timestamp()]
    return sealed_text.sealed(said, cipher=cipher, kind=_SEAL, object_id=str(user.id))


def secret_of(enrolment: str, user: User, *, cipher: TenantCipher, now: datetime) -> bytes | None:
    """The secret; ``None`` where it was not sealed here for this person, or too long ago."""
    try:
        secret, ends = sealed_text.opened(
            enrolment, cipher=cipher, kind=_SEAL, object_id=str(user.id)
        )
    except ValueError:
        return None
    return bytes.fromhex(secret) if ends > now.timestamp() else None
