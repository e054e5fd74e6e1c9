"""The contract of ``register_config``."""

import re
from collections.abc import Mapping

import pytest

from authgate.plugin_api import ConfigField, ConnectorConfigError, config_fields, parse_config
from authgate.plugin_manager import ConfigTypes
from authgate.testing.declared_settings import DeclaredSettings
from authgate.testing.hook_subject import HookSubject
from authgate.testing.secrecy import leaked

_LEADS_SOMEWHERE = re.compile(r"(?:https://)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:[:/].*)?")
_ODD = ("", " ", "x", "https://", "://[", "a b.example", "-1", "字", "x" * 4096)


class SettingsContract(DeclaredSettings, HookSubject):
    """What every plugin has to keep that has settings.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``, and ``settings``
    with which it works.
    """

    def test_an_odd_value_is_taken_or_refused_by_a_name(self) -> None:
        """Whatever else is raised, nobody who fills in a form can put right."""
        for name, odd in self._odd():
            blamed = None
            try:
                self._made({**self.settings, name: odd})
            except ConnectorConfigError as refused:
                blamed = refused.field
            assert blamed in {None, *(each.name for each in self._fields())}

    def test_no_secret_is_shown_or_repeated(self) -> None:
        made = self._made(self.settings)
        shown = [f"{made!r} {made}"]
        for name, odd in self._odd():
            try:
                self._made({**self.settings, name: odd})
            except ConnectorConfigError as refused:
                shown.append(str(refused))
        assert not leaked([*self.secrets(), "x" * 4096], "\n".join(shown))

    def test_a_setting_that_leads_to_another_host_is_a_place(self) -> None:
        """Who may change it must not have a secret sent to themselves."""
        if not any(each.secret for each in self._fields()):
            return
        for each in self._fields():
            value = self.settings.get(each.name)
            if isinstance(value, str) and not each.secret and _LEADS_SOMEWHERE.fullmatch(value):
                assert each.place, f"{each.name} says where secrets go: place=True"

    def _odd(self) -> list[tuple[str, object]]:
        kinds: dict[object, tuple[object, ...]] = {int: (0, -1, 2**62)}
        kinds[tuple[str, ...]] = ((), *((each,) for each in _ODD))
        return [
            (each.name, odd)
            for each in self._fields()
            for odd in (() if each.type is bool else kinds.get(each.type, _ODD))
        ]

    def _fields(self) -> tuple[ConfigField, ...]:
        return config_fields(self._kind())

    def _working(self) -> Mapping[str, object]:
        return self.settings

    def _made(self, settings: Mapping[str, object]) -> object:
        return parse_config(self._kind(), settings)

    def _kind(self) -> type[object]:
        kind = ConfigTypes(self.installed()).types.get(self.plugin)
        if kind is None:
            pytest.fail(f"The plugin {self.plugin!r} has no settings.")
        return kind
