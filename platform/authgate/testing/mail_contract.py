"""The contract of ``send_mail``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from authgate.plugin_api import MailMessage, MailNotSent, MailTaken, hookspecs
from authgate.plugin_manager import Isolation, PluginFailed
from authgate.plugin_manager.mail import MailPlugins
from authgate.pretend.host import Answer
from authgate.testing.fake_http import FakeHttp
from authgate.testing.hook_subject import HookSubject, answers, tenant_id
from authgate.testing.secrecy import leaked, listening, told

_LINK = "https://sso.example/t/acme/reset#a-link-that-lets-its-reader-in"
_MAIL = MailMessage(
    tenant="acme",
    message_id="<0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f50@acme.example>",
    purpose="password",
    sender="Acme <no-reply@acme.example>",
    recipient="mira.recipient@mail.example",
    subject="Choose another password",
    text=f"Follow {_LINK}\n",
    html=f'<p><a href="{_LINK}">Follow</a></p>',
)
MAILS = (
    _MAIL,
    replace(_MAIL, sender="no-reply@acme.example", purpose="invitation"),
    replace(_MAIL, subject="選擇另一個密碼 — “Ünïcode”", text=f"請點選 {_LINK}\n"),
    replace(_MAIL, recipient="a+b'c@mail.example", text=f"{_LINK}\n" * 500),
    replace(_MAIL, tenant="globex", message_id="<another@globex.example>"),
)
"""Letters of two tenants: with a name of the sender and without, in another script, long."""


class MailContract(HookSubject):
    """What every plugin has to keep that sends mail.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin`` and ``settings``,
    with which it asks ``host``.
    """

    host: ClassVar[str] = "mail.example"
    """Where the service is."""

    taken: ClassVar[Answer] = Answer(status=202, body=b"{}")
    """What the service answers that has taken a mail."""

    def test_it_hands_over_every_mail(self) -> None:
        for said in self._said(self.taken):
            assert isinstance(said, MailTaken), said

    def test_a_service_that_has_taken_nothing_keeps_the_mail_waiting(self) -> None:
        """Down, busy, or of another opinion on our key: it may take the mail later."""
        for status in (301, 401, 403, 429, 500, 503):
            for said in self._said(Answer(status=status, body=b"no")):
                assert not isinstance(said, MailTaken), f"{status} was taken for yes"
                assert not getattr(said, "final", False), f"{status} is no end of the mail"

    def test_a_service_that_cannot_be_reached_keeps_the_mail_waiting(self) -> None:
        for said in self._said(None):
            assert not isinstance(said, MailTaken)
            assert not getattr(said, "final", False)

    def test_no_address_error_or_log_tells_a_secret_or_what_a_mail_says(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        http = FakeHttp()
        with listening() as lines:
            ends = [
                *self._said(self.taken, http=http),
                *self._said(Answer(status=500, body=b"no"), http=http),
                *self._said(Answer(status=422, body=b"no"), http=http),
            ]
        heard = [repr(each) if isinstance(each, MailTaken) else str(each) for each in ends]
        heard += [told(each) for each in ends if isinstance(each, MailNotSent)]
        heard += [asked.path for _, asked in http.asked]
        printed = capsys.readouterr()
        secrets = [*self.secrets(), "a-link-that-lets-its-reader-in", _MAIL.recipient]
        assert not leaked(secrets, "\n".join([*heard, *lines, printed.out, printed.err]))

    def _said(
        self, answer: Answer | None, *, http: FakeHttp | None = None
    ) -> Sequence[MailTaken | MailNotSent | PluginFailed]:
        """What becomes of the mails where the service answers so, or cannot be reached."""
        isolation, http = Isolation(), http or FakeHttp()
        if answer is not None:
            http.serve(self.host, lambda _: answer)
        plugins = MailPlugins(
            self.installed(), isolation=isolation, configs=self.configs(isolation), http=http
        )

        async def ended(mail: MailMessage) -> MailTaken | MailNotSent | PluginFailed:
            try:
                return await plugins.send(
                    mail, plugin=self.plugin, tenant_id=tenant_id(mail.tenant)
                )
            except (MailNotSent, PluginFailed) as said:
                return said

        return answers(hookspecs.send_mail, ended, MAILS)
