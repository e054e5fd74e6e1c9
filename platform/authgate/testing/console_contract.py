"""The contract of ``console_page``."""

import time
from collections.abc import Iterator, Sequence

import pytest

from authgate.plugin_api import (
    ConnectorConfigError,
    ConsoleForm,
    ConsolePart,
    ConsoleRequest,
    config_fields,
    hookspecs,
    parse_config,
)
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager import Isolation
from authgate.plugin_manager.console import ConsolePages, PluginPage
from authgate.testing.fake_http import FakeHttp
from authgate.testing.hook_subject import HookSubject, answers, observed, tenant_id
from authgate.testing.secrecy import leaked, listening

_TENANTS, _LANGUAGES = ("acme", "globex"), ("en", "zh-Hant")


class ConsolePageContract(HookSubject):
    """What every plugin has to keep that has pages in the console.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``; ``settings`` too,
    where it has some, and ``reached`` where it asks others.
    """

    def reached(self) -> FakeHttp:
        """What it reaches by ``http``."""
        return FakeHttp()

    def test_each_page_is_shown(self) -> None:
        with observed() as isolation:
            for parts in self._shown(isolation):
                assert parts, "there is nothing on it"

    def test_it_takes_little_of_the_time_that_it_has(self) -> None:
        self._shown()  # whatever is read once
        started = time.process_time()
        shown = self._shown()
        budget = rules_of(hookspecs.console_page).budget
        assert time.process_time() - started < budget * len(shown) / 10

    def test_tenants_at_once_do_not_mix(self) -> None:
        alone = [self._shown(requests=[each])[0] for each in self._requests()]
        assert self._shown() == alone

    def test_no_part_and_no_log_tells_a_secret(self, capsys: pytest.CaptureFixture[str]) -> None:
        with listening() as lines:
            shown = [repr(each) for parts in self._shown() for each in parts]
        printed = capsys.readouterr()
        assert not leaked(self.secrets(), "\n".join([*shown, *lines, printed.out, printed.err]))

    def test_each_field_of_a_form_says_what_it_means(self) -> None:
        for form in self._forms():
            assert not [each.name for each in config_fields(form.takes) if not each.help.strip()]

    def test_an_empty_form_is_taken_or_refused_by_a_field(self) -> None:
        for form in self._forms():
            asked = config_fields(form.takes)
            empty = {each.name: "" for each in asked if each.type is str and each.required}
            blamed = None
            try:
                parse_config(form.takes, empty)
            except ConnectorConfigError as refused:
                blamed = refused.field
            assert blamed in {None, *(each.name for each in asked)}

    def _forms(self) -> Iterator[ConsoleForm]:
        for parts in self._shown():
            for each in parts:
                if isinstance(each, ConsoleForm):
                    yield each

    def _requests(self) -> list[tuple[PluginPage, ConsoleRequest]]:
        pages = self._pages(Isolation()).of([self.plugin])
        assert pages, "it registers no page"
        return [
            (each, ConsoleRequest(tenant=who, page=each.page.name, subject="ada", language=read))
            for each in pages
            for who in _TENANTS
            for read in _LANGUAGES
        ]

    def _pages(self, isolation: Isolation) -> ConsolePages:
        configs = self.configs(isolation)
        return ConsolePages(
            self.installed(), isolation=isolation, configs=configs, http=self.reached()
        )

    def _shown(
        self,
        isolation: Isolation | None = None,
        *,
        requests: Sequence[tuple[PluginPage, ConsoleRequest]] | None = None,
    ) -> list[Sequence[ConsolePart]]:
        """What is on each page, asked for all at once."""
        pages = self._pages(isolation or Isolation())

        async def shown(asked: tuple[PluginPage, ConsoleRequest]) -> Sequence[ConsolePart]:
            page, request = asked
            return await pages.parts(page, request, tenant_id=tenant_id(request.tenant))

        return answers(hookspecs.console_page, shown, requests or self._requests())
