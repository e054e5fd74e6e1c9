"""``authgate plugin-settings``: secrets that are made rather than typed."""

import re

from authgate_testing.command import Cli

TARGET = ("http-target", "-t", "acme")


def test_a_secret_is_made_and_shown_once(lite_cli: Cli) -> None:
    assert lite_cli("tenant", "set", "acme", "enabled_plugins=http-target").code == 0
    address = ("--set", "url=https://hooks.acme.example/")
    made = lite_cli("plugin-settings", "set", *TARGET, *address, "--make-secret", "secret")
    assert made.code == 0, made.err
    [secret] = re.findall(r"whsec_[\w+/]{43}=", made.out)
    shown = lite_cli("plugin-settings", "show", *TARGET)
    assert "***" in shown.out
    assert secret not in shown.out + shown.err
    refused = lite_cli("plugin-settings", "set", *TARGET, "--make-secret", "url")
    assert refused.code == 2
    assert "'url' is no secret that can be made." in refused.err
