"""The key-encryption key: where it may come from, and which ones the server will not start with."""

import base64
import hashlib
import os
import stat
from pathlib import Path

import pytest

from authgate_tenants.key_encryption import (
    KeyEncryptionKey,
    NoKeyEncryptionKey,
    WeakKeyEncryptionKey,
    create_kek_file,
    is_exposed,
    load_keks,
)


def _base64(material: bytes) -> str:
    return base64.b64encode(material).decode()


# The same in every run and every worker, which name the tests after their parameters.
_RANDOM = hashlib.sha256(b"random").digest()


def test_base64_and_hex_of_the_same_bytes_are_the_same_key() -> None:
    material = os.urandom(32)
    spellings = {
        _base64(material),
        _base64(material).rstrip("="),
        base64.urlsafe_b64encode(material).decode(),
        material.hex(),
        f"  {_base64(material)}\n",
    }
    assert len({KeyEncryptionKey.from_text(spelling) for spelling in spellings}) == 1


def test_a_key_has_32_bytes_however_long_its_material_is() -> None:
    assert len(KeyEncryptionKey.from_text(_base64(os.urandom(64))).secret) == 32


def test_the_id_shows_nothing_of_the_key() -> None:
    material = os.urandom(32)
    key = KeyEncryptionKey.from_text(_base64(material))
    assert key.id not in material.hex()
    assert key.id not in key.secret.hex()


def test_ky_08_a_key_does_not_show_itself() -> None:
    key = KeyEncryptionKey.from_text(_base64(os.urandom(32)))
    assert repr(key.secret) not in repr(key)
    assert "secret" not in repr(key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("changeme", "placeholder"),
        ("change-me-in-production", "placeholder"),
        ("secret", "placeholder"),
        ("your-256-bit-secret", "placeholder"),
        ("correct horse battery staple correct horse", "placeholder"),
        (_RANDOM[:31].hex(), "too short: 31 bytes"),
        (_base64(_RANDOM[:24]), "too short: 24 bytes"),
        (_base64(_RANDOM)[:-4], "too short: 30 bytes"),
        (_base64(_RANDOM * 2)[:-3], "cut off"),
        ("not base64 at all, although it is quite long!", "neither base64 nor hex"),
        (_base64(bytes(32)), "pattern"),
        ("00" * 32, "pattern"),
        ("deadbeef" * 8, "pattern"),
        (bytes(range(32)).hex(), "pattern"),
        (_base64(bytes(range(255, 223, -1))), "pattern"),
        (_base64(_RANDOM[:8] * 4), "pattern"),
        ("mylittleponymylittleponymylittleponymylittle", "pattern"),
        (_base64(b"The quick brown fox jumps over a dog"), "words"),
        (_base64(b"q8Zp2LxW0vKc5RtY9mNb3HfJ7dGs1AeU"), "words"),
    ],
)
def test_a_key_that_could_be_guessed_is_refused(text: str, reason: str) -> None:
    with pytest.raises(WeakKeyEncryptionKey, match=reason):
        KeyEncryptionKey.from_text(text)


def test_a_refusal_says_the_cure_and_not_the_key() -> None:
    with pytest.raises(WeakKeyEncryptionKey) as refusal:
        KeyEncryptionKey.from_text("changeme-4711")
    assert "openssl rand -base64 32" in str(refusal.value)
    assert "4711" not in str(refusal.value)


def test_random_keys_are_never_taken_for_weak_ones() -> None:
    for _ in range(2_000):
        KeyEncryptionKey.from_text(_base64(os.urandom(32)))
        KeyEncryptionKey.from_text(os.urandom(32).hex())


def test_a_new_key_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kek"
    made = create_kek_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyEncryptionKey.from_file(path) == made


def test_an_existing_key_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    made = create_kek_file(path)
    with pytest.raises(FileExistsError):
        create_kek_file(path)
    assert KeyEncryptionKey.from_file(path) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_key_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kek"
    create_kek_file(path)
    path.chmod(mode)
    with pytest.raises(WeakKeyEncryptionKey, match="chmod 600"):
        KeyEncryptionKey.from_file(path)


@pytest.mark.parametrize(
    ("mode", "owner", "reader", "exposed"),
    [
        (0o400, 0, 65532, False),
        (0o440, 0, 65532, False),  # a secret that Kubernetes mounts, a credential of systemd's
        (0o460, 0, 65532, True),
        (0o444, 0, 65532, True),
        (0o440, 65532, 65532, True),
        (0o440, 0, 0, True),
        (0o600, 65532, 65532, False),
    ],
)
def test_a_key_that_root_hands_over_may_be_read_by_our_group(
    mode: int, owner: int, reader: int, exposed: bool
) -> None:
    assert is_exposed(0o100000 | mode, owner=owner, reader=reader) is exposed


def test_ky_03_without_a_key_file_the_server_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NoKeyEncryptionKey, match="missing: No such file"):
        load_keks(kek=None, kek_file=tmp_path / "missing")


def test_the_key_of_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    text = _base64(os.urandom(32))
    create_kek_file(tmp_path / "kek")
    assert load_keks(kek=text, kek_file=tmp_path / "kek") == (KeyEncryptionKey.from_text(text),)


def test_the_key_in_use_comes_first_and_retired_ones_follow(tmp_path: Path) -> None:
    made = create_kek_file(tmp_path / "kek")
    old = [_base64(os.urandom(32)) for _ in range(2)]
    keys = load_keks(kek=None, kek_file=tmp_path / "kek", retired=old)
    assert keys == (made, *(KeyEncryptionKey.from_text(text) for text in old))
