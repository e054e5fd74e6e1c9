"""What holds of declared settings, whoever has them: a connector, or a plugin for a tenant."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import pytest

from authgate.plugin_api import ConfigField, ConnectorConfigError

_SOUNDS_SECRET = ("secret", "password", "private_key", "api_key", "_token")


class DeclaredSettings(ABC):
    """The rules of each setting by itself."""

    @abstractmethod
    def _fields(self) -> tuple[ConfigField, ...]:
        """Those that are declared."""

    @abstractmethod
    def _working(self) -> Mapping[str, object]:
        """Some with which it works."""

    @abstractmethod
    def _made(self, settings: Mapping[str, object]) -> object:
        """What is made of them. Raises ``ConnectorConfigError``."""

    def test_each_setting_says_what_it_means(self) -> None:
        assert not [each.name for each in self._fields() if not each.help.strip()]

    def test_a_setting_that_sounds_secret_is_declared_as_one(self) -> None:
        shown = [each.name for each in self._fields() if not each.secret]
        assert not [name for name in shown if f"_{name}".endswith(_SOUNDS_SECRET)]

    def test_a_setting_that_is_missing_is_refused_by_its_name(self) -> None:
        settings = self._working()
        self._made(settings)
        for each in self._fields():
            if each.required:
                others = {name: value for name, value in settings.items() if name != each.name}
                with pytest.raises(ConnectorConfigError) as refused:
                    self._made(others)
                assert refused.value.field == each.name
