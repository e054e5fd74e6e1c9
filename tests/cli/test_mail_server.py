"""``authgate mail-server``."""

import pytest

from authgate.cli.doors.admin_api import AdminApi, Document
from authgate.plugin_manager.mail import MailPlugins
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


def test_a_plugin_is_chosen_in_the_place_of_a_server_and_a_server_again(
    lite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MailPlugins, "names", frozenset({"networks"}))
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=networks").code == 0
    assert lite_cli(*SET, "--host", HOST).code == lite_cli(*SET, "--plugin", "networks").code == 2
    assert lite_cli(*SET, "--host", HOST, "--sender", SENDER).code == 0
    chosen = lite_cli(*SET, "--plugin", "networks")
    assert (chosen.code, "by the plugin networks" in chosen.err) == (0, True)
    now = lite_cli("mail-server", "show", "-t", "acme", "--json").data
    assert (now["plugin"], now["host"], now["sender"]) == ("networks", "", SENDER)
    assert lite_cli(*SET, "--host", HOST).code == 0
    now = lite_cli("mail-server", "show", "-t", "acme", "--json").data
    assert (now["plugin"], now["host"]) == ("", HOST)
    unknown = lite_cli(*SET, "--plugin", "github")
    assert (unknown.code, "No plugin of this name" in unknown.err) == (2, True)
