"""The contract of ``wrap_key`` and ``unwrap_key``."""

import secrets
from typing import ClassVar

import pytest

from authgate.plugin_manager import ProviderFailed, key_providers
from authgate.testing.secrecy import leaked, listening, told


class KeyProviderContract:
    """What every plugin has to keep that keeps the key-encryption key.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``. What the plugin
    stands on, a vault say, has to be there: start one in a fixture of your own.
    """

    plugin: ClassVar[str]
    """The plugin's name: its entry point's."""

    def test_what_is_wrapped_opens_to_the_very_bytes(self) -> None:
        key = secrets.token_bytes(32)
        wrapped = key_providers.wrapped(self.plugin, key)
        assert key not in wrapped
        assert key_providers.unwrapped(self.plugin, wrapped) == key

    def test_the_same_key_is_wrapped_in_another_way_each_time(self) -> None:
        key = secrets.token_bytes(32)
        first, second = (key_providers.wrapped(self.plugin, key) for _ in range(2))
        assert first != second

    def test_what_was_changed_does_not_open(self) -> None:
        wrapped = key_providers.wrapped(self.plugin, secrets.token_bytes(32))
        for place in (0, len(wrapped) // 2, len(wrapped) - 1):
            changed = bytearray(wrapped)
            changed[place] ^= 1
            with pytest.raises(ProviderFailed):
                key_providers.unwrapped(self.plugin, bytes(changed))

    def test_no_error_and_no_log_tells_the_key(self, capsys: pytest.CaptureFixture[str]) -> None:
        key = secrets.token_hex(16).encode()
        with listening() as lines, pytest.raises(ProviderFailed) as failed:
            key_providers.unwrapped(self.plugin, key_providers.wrapped(self.plugin, key)[:-1])
        printed = capsys.readouterr()
        heard = "\n".join([told(failed.value), *lines, printed.out, printed.err])
        assert not leaked([key.decode(), repr(key)], heard)
