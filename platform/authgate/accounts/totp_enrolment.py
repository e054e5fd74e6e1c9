"""The secret of an app that is being set up: with its person's browser, sealed, until a first code
has proven that the app has it. Nothing is stored before."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta

import orjson

from authgate.accounts import totp
from authgate.storage.people.users import User
from authgate_tenants.encryption import SealBroken, TenantCipher

LIFETIME = timedelta(minutes=30)
_SEAL = "totp-enrolment"


def begun(user: User, *, cipher: TenantCipher, now: datetime) -> str:
    """A new secret, which opens for this person alone."""
    said = [totp.new_secret().hex(), (now + LIFETIME).timestamp()]
    blob = cipher.seal(kind=_SEAL, object_id=str(user.id), plaintext=orjson.dumps(said))
    return urlsafe_b64encode(blob).rstrip(b"=").decode("ascii")


def secret_of(enrolment: str, user: User, *, cipher: TenantCipher, now: datetime) -> bytes | None:
    """The secret; ``None`` where it was not sealed here for this person, or too long ago."""
    try:
        blob = urlsafe_b64decode(enrolment.encode("ascii") + b"==")
        plain = cipher.open(kind=_SEAL, object_id=str(user.id), sealed=blob)
    except (SealBroken, ValueError):
        return None
    secret, ends = orjson.loads(plain)
    return bytes.fromhex(secret) if ends > now.timestamp() else None
