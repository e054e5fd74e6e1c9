"""Plugins come in by entry point, and only those that can do what they promise."""

from typing import Any

import pytest

from authgate.plugin_api import API_VERSION
from authgate.plugin_manager import PluginRefused, load

HOOK = """
    from authgate.plugin_api import hookimpl

    plugin_api_version = "{version}"

    @hookimpl
    def {signature}:
        return {{}}
"""


def plugin(signature: str = "token_claims(request)", version: str = "1.0") -> str:
    return HOOK.format(signature=signature, version=version)


def names() -> set[str]:
    return {name for name, _ in load().list_name_plugin()}


def test_the_bundled_plugin_comes_in_by_the_same_door() -> None:
    assert "github" in names()


def test_an_installed_plugin_is_found(install: Any) -> None:
    install("acme-sso", plugin())
    assert "acme-sso" in names()


def test_a_misspelt_hook_is_refused_with_the_right_name(install: Any) -> None:
    install("acme", plugin("token_claim(request)"))
    with pytest.raises(PluginRefused, match=r"'acme'.*token_claim.*did you mean token_claims\?"):
        load()


def test_a_hook_with_an_argument_that_does_not_exist_is_refused(install: Any) -> None:
    install("acme", plugin("token_claims(request, session)"))
    with pytest.raises(PluginRefused, match=r"'acme'.*session"):
        load()


@pytest.mark.parametrize("version", ["2.0", "0.9", "1.9999", "1", "one", ""])
def test_a_plugin_for_another_api_version_is_refused(install: Any, version: str) -> None:
    install("acme", plugin(version=version))
    with pytest.raises(PluginRefused, match=rf"'acme'.*{API_VERSION}"):
        load()


def test_a_plugin_that_states_no_api_version_is_refused(install: Any) -> None:
    install("acme", "")
    with pytest.raises(PluginRefused, match=f'must state plugin_api_version = "{API_VERSION}"'):
        load()


def test_a_plugin_that_cannot_be_imported_is_named(install: Any) -> None:
    install("acme", "import no_such_module")
    with pytest.raises(PluginRefused, match=r"'acme'.*ModuleNotFoundError.*no_such_module"):
        load()


@pytest.mark.parametrize("name", ["Acme", "acme_sso", "acme.sso", "-acme", "a" * 41])
def test_a_plugins_name_cannot_reach_into_anothers_claims(install: Any, name: str) -> None:
    install(name, plugin())
    with pytest.raises(PluginRefused, match="lower-case letters"):
        load()


def test_two_plugins_of_one_name_are_refused(install: Any) -> None:
    install("acme", plugin())
    install("acme", plugin(), folder="elsewhere")
    with pytest.raises(PluginRefused, match="uninstall one"):
        load()


def test_a_plugin_may_not_wrap_what_others_say(install: Any) -> None:
    source = """
        from authgate.plugin_api import hookimpl

        plugin_api_version = "1.0"

        @hookimpl(wrapper=True)
        def token_claims(request):
            yield
            return {}
    """
    install("acme", source)
    with pytest.raises(PluginRefused, match="wrappers"):
        load()
