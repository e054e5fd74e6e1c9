"""The server under watch, and a mail server beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from authgate import background
from authgate.settings import MailSettings, Settings
from authgate_testing import mail_server
from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.mail_server import MailServer


@pytest.fixture
async def postbox(certificate: tuple[Path, Path]) -> AsyncIterator[MailServer]:
    """The installation's mail server."""
    async with mail_server.listening(certificate, password="a-password-of-the-mail-server") as it:
        yield it


@pytest.fixture  # type: ignore[no-redef]  # made of the one that is there
def settings(
    settings: Settings,
    postbox: MailServer,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Settings:
    """Mail leaves through that server; rounds are done by the tests. ``False``: there is none."""
    monkeypatch.setattr(background, "schedule", lambda _: ())
    if not getattr(request, "param", True):
        return settings
    mail = MailSettings(
        host="localhost",
        port=postbox.port,
        username="mailer",
        password=SecretStr("a-password-of-the-mail-server"),
        sender="Northwind <no-reply@northwind.example>",
        ca_file=certificate[0],
    )
    return settings.model_copy(update={"mail": mail})
