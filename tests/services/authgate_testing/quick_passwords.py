"""Passwords are hashed quickly, but where a test is about how long that takes; and none is looked
for in lists, but where a test is about that.

People sign in in most tests, and to check a password as slowly as anybody's deserves would take a
sixth of the processor's time.
"""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from authgate.accounts import password_rules, passwords

_AS_EVER = passwords._HASHER
_LOOKED_AT_AS_EVER = password_rules.is_easily_guessed
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _hash_by(hasher: PasswordHasher) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", hasher)
        yield


@pytest.fixture(scope="session", autouse=True)
def _hashed_quickly() -> Iterator[None]:
    yield from _hash_by(_QUICK)


@pytest.fixture(scope="session", autouse=True)
def _taken_unseen() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_rules, "is_easily_guessed", lambda _password, _about: False)
        yield


@pytest.fixture
def looked_at_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that are easily guessed are refused."""
    monkeypatch.setattr(password_rules, "is_easily_guessed", _LOOKED_AT_AS_EVER)


@pytest.fixture
def hashed_as_ever() -> Iterator[None]:
    """Hash passwords as slowly as outside of tests, in servers that start after this."""
    yield from _hash_by(_AS_EVER)
