"""What tells an old row of a signing key that somebody has put back from one that is as we left it.

Each change of a key's state is written down once more, in a table that the serving role only adds
to, sealed for this key and state. A key whose row is behind what is written down is not used.
"""

from collections.abc import Iterable

from authgate.storage.keys.signing_key_steps import Step
from authgate.storage.keys.signing_keys import KeyState
from authgate_tenants.encryption import TenantCipher

_KIND = "signing-key-step"
_ORDER = tuple(KeyState)


def sealed(kid: str, state: KeyState, *, cipher: TenantCipher) -> Step:
    """That a key has come to this state, ready to be stored."""
    blob = cipher.seal(kind=_KIND, object_id=_place(kid, state), plaintext=b"")
    return Step(kid, state, blob)


def reached(steps: Iterable[Step], *, cipher: TenantCipher) -> dict[str, KeyState]:
    """How far each key has come, by its ``kid``. Raises ``SealBroken`` where a step is not ours."""
    furthest: dict[str, KeyState] = {}
    for step in steps:
        cipher.open(kind=_KIND, object_id=_place(step.kid, step.state), sealed=step.sealed)
        furthest[step.kid] = max(furthest.get(step.kid, step.state), step.state, key=_ORDER.index)
    return furthest


def is_put_back(kid: str, state: KeyState, furthest: dict[str, KeyState]) -> bool:
    """Whether a row says that its key has not come as far as it has."""
    # Keys that were made before there were steps have none: they are where their rows say.
    return _ORDER.index(state) < _ORDER.index(furthest.get(kid, state))


def _place(kid: str, state: KeyState) -> str:
    return f"{kid}/{state}"
