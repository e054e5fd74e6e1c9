"""A device that makes passkeys and signs with them, in software (WebAuthn 6.1, 6.5)."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass(slots=True)
class SoftPasskey:
    """A device with one passkey; what it says of itself may be a lie."""

    origin: str
    rp_id: str = "localhost"
    credential_id: bytes = field(default_factory=lambda: token_bytes(16))
    count: int = 0
    user_handle: bytes = b""
    verifies: bool = True
    aaguid: bytes = bytes(16)
    """What made it."""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def created(self, options: dict[str, Any]) -> str:
        """What the browser sends of a passkey that was made."""
        self.user_handle = _bytes(options["user"]["id"])
        client_data = self._client_data("webauthn.create", options)
        numbers = self.key.public_key().public_numbers()
        key = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        length = len(self.credential_id).to_bytes(2)
        attested = self.aaguid + length + self.credential_id + key
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested}
        return self._sent(
            clientDataJSON=_text(client_data), attestationObject=_text(cbor2.dumps(statement))
        )

    def signed(self, options: dict[str, Any]) -> str:
        """What the browser sends of a challenge that was signed."""
        self.count += 1
        client_data = self._client_data("webauthn.get", options)
        data = self._data(0)
        message = data + hashlib.sha256(client_data).digest()
        return self._sent(
            clientDataJSON=_text(client_data),
            authenticatorData=_text(data),
            signature=_text(self.key.sign(message, ec.ECDSA(SHA256()))),
            userHandle=_text(self.user_handle),
        )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        rp = hashlib.sha256(self.rp_id.encode()).digest()
        return rp + bytes([flags]) + self.count.to_bytes(4)

    def _sent(self, **response: str) -> str:
        named = _text(self.credential_id)
        said = {"id": named, "rawId": named, "type": "public-key", "response": response}
        return json.dumps(said)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
