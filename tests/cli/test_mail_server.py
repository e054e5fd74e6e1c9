"""``authgate mail-server``."""

import pytest

from authgate.cli.doors.admin_api import AdminApi, Document
from authgate_testing.command import Cli

SET = ("mail-server", "set", "-t", "acme")
HOST, SENDER = "smtp.example.com", "mail@acme.example"


def test_a_server_that_somebody_else_chooses_meanwhile_is_not_written_over(
    lite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = AdminApi.seen

    def overtaken(api: AdminApi, path: str) -> tuple[Document, str]:
        found = seen(api, path)
        api.replace(path, {"host": HOST, "port": 2525, "sender": SENDER}, etag=found[1])
        return found

    assert lite_cli(*SET, "--host", HOST, "--sender", SENDER).code == 0
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(AdminApi, "seen", overtaken)
        assert lite_cli(*SET, "--port", "465").code == 5
    now = lite_cli("mail-server", "show", "-t", "acme", "--json").data
    assert now["port"] == 2525
    assert lite_cli(*SET, "--port", "465").code == 0
