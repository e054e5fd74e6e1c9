"""``authgate doctor`` on mail: its server, and what waits for it."""

import os
from collections.abc import Callable

from authgate_testing.command import Bring
from authgate_testing.doctor import Doctor
from authgate_testing.processes import free_port

Execute = Callable[..., None]

_OLD_MAIL = (
    "INSERT INTO mails (id, tenant_id, purpose, recipient, status, attempts, last_error,"
    " created_at, next_attempt_at, expires_at)"
    " SELECT '8a7d3c1e-5b0a-7a1f-8c8d-9e7340b1c2d3', id, 'test', 'a@b.example', '{status}', 1, '',"
    " '2020-01-01 00:00:00+00:00', '9999-01-01 00:00:00+00:00', '9999-01-01 00:00:00+00:00'"
    " FROM tenants"
)

COURIER = """
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import MailTaken, Secret, Setting, hookimpl

    plugin_api_version = "1.2"

    @dataclass(frozen=True)
    class Config:
        host: Annotated[str, Setting("Where the service is.", place=True)]
        key: Annotated[Secret, Setting("The key that it gave you.")]

        def __post_init__(self):
            if "/" in self.host:
                raise RuntimeError(self.key.reveal())

    @hookimpl
    def register_config():
        return Config

    @hookimpl
    async def send_mail(message):
        return MailTaken()
"""


def test_a_mail_server_that_is_away_and_one_that_everybody_reads_are_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_MAIL__HOST"] = "127.0.0.1"
    os.environ["AUTHGATE_MAIL__PORT"] = str(free_port())
    os.environ["AUTHGATE_MAIL__SENDER"] = "AuthGate <no-reply@northwind.example>"
    os.environ["AUTHGATE_MAIL__PASSWORD"] = "a-password-of-the-mail-server"
    found = dev.finds("mail-server-refuses")
    assert found["found"] == "The mail server cannot be reached"
    os.environ["AUTHGATE_MAIL__HOST"] = "mail.invalid"
    os.environ["AUTHGATE_MAIL__SECURITY"] = "none"
    dev.finds("mail-in-the-clear", "mail-server-refuses")


def test_mail_that_nobody_sends_is_found(dev: Doctor, on_sqlite: Execute) -> None:
    on_sqlite(_OLD_MAIL.format(status="kept"))
    dev.finds()
    on_sqlite("UPDATE mails SET status = 'pending'")
    assert dev.finds("mail-waits")["found"] == "1 mail"


def test_sign_up_for_which_no_mail_leaves_is_found(prod: Doctor) -> None:
    os.environ["AUTHGATE_OPERATOR_TENANT"] = "acme"
    os.environ["AUTHGATE_SIGN_UP__MODE"] = "open"
    prod.finds("sign-up-without-mail")


def test_a_plugin_that_cannot_send_the_mail_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_MAIL__SENDER"] = "AuthGate <no-reply@northwind.example>"
    os.environ["AUTHGATE_MAIL__PLUGIN"] = "networks"
    found = dev.finds("mail-plugin-unfit")
    assert found["found"] == "networks is not there, or sends no mail"


def test_settings_that_the_plugin_for_the_mail_cannot_work_with_are_found(
    dev: Doctor, bring: Bring
) -> None:
    bring("courier", COURIER)
    os.environ["AUTHGATE_MAIL__SENDER"] = "AuthGate <no-reply@northwind.example>"
    os.environ["AUTHGATE_MAIL__PLUGIN"] = "courier"
    for said, told in (
        ("{}", "mail.plugin_settings: host: "),
        ('{"host": "a/b", "key": "a-key"}', "mail.plugin_settings: courier raised RuntimeError"),
    ):
        os.environ["AUTHGATE_MAIL__PLUGIN_SETTINGS"] = said
        found = dev.finds("mail-plugin-unfit")["found"]
        assert found.startswith(told), found
        assert "a-key" not in found
    os.environ["AUTHGATE_MAIL__PLUGIN_SETTINGS"] = '{"host": "mail.example", "key": "a-key"}'
    dev.finds()
