"""``authgate token``: what was given out, by command."""

from uuid import uuid4

from authgate_testing.command import Cli


def test_a_tenant_that_gave_nothing_out_has_no_tokens(acme_cli: Cli) -> None:
    assert acme_cli("token", "list", "-t", "acme", "-o", "json").data == []
    assert acme_cli("token", "list", "-t", "acme", "--user", "nobody").code == 3
    for name in ("revoke", "disable", "enable"):
        assert acme_cli("token", name, "-t", "acme", str(uuid4())).code == 3
    assert acme_cli("token", "revoke", "-t", "acme", "x").code == 2
