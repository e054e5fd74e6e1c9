"""``authgate domain``: a tenant's own hosts, proven by DNS before they serve."""

import json
import os
from collections.abc import Iterator

import pytest

from authgate_testing.command import Cli
from authgate_testing.nameserver import NameServer, nameserver_running

HOST = "login.acme.example"


@pytest.fixture
def names() -> Iterator[NameServer]:
    """The DNS that commands ask."""
    with nameserver_running() as server:
        os.environ["AUTHGATE_EGRESS__NAMESERVERS"] = json.dumps([server.address])
        yield server


def claimed(cli: Cli, tenant: str = "acme", host: str = HOST) -> dict[str, str]:
    ended = cli("domain", "add", host, "-t", tenant, "-o", "json")
    assert ended.code == 0, ended.err
    challenge: dict[str, str] = ended.data
    return challenge


def issuer(cli: Cli, tenant: str = "acme") -> str:
    shown: str = cli("tenant", "show", tenant, "-o", "json").data["issuer"]
    return shown


def publish(names: NameServer, challenge: dict[str, str]) -> None:
    names.texts[challenge["record"]] = ["v=spf1 -all", challenge["value"]]


def test_a_host_serves_its_tenant_once_the_dns_says_so(acme_cli: Cli, names: NameServer) -> None:
    challenge = claimed(acme_cli)
    assert (challenge["type"], challenge["record"]) == ("TXT", f"_authgate-challenge.{HOST}")
    early = acme_cli("domain", "verify", HOST, "-t", "acme")
    assert early.code == 1
    assert challenge["value"] in early.err
    assert issuer(acme_cli) == "http://localhost:8080/t/acme"
    publish(names, challenge)
    verified = acme_cli("domain", "verify", HOST, "-t", "acme")
    assert verified.code == 0, verified.err
    assert issuer(acme_cli) == "http://localhost:8080/t/acme"
    [listed] = acme_cli("domain", "list", "-t", "acme", "-o", "json").data
    assert (listed["host"], listed["state"]) == (HOST, "proven")
    assert listed["value"] == challenge["value"]
    events = acme_cli("audit", "tail", "-t", "acme", "-o", "json").data
    assert [each["event_type"] for each in events][1:] == [
        "TENANT_DOMAIN_ADDED",
        "TENANT_DOMAIN_VERIFIED",
    ]
    assert events[-1]["details"] == {"proof": "dns"}


def test_a_host_is_given_up_once_the_tenant_is_called_otherwise(
    acme_cli: Cli, names: NameServer
) -> None:
    publish(names, claimed(acme_cli))
    acme_cli("domain", "verify", HOST, "-t", "acme")
    called = acme_cli("domain", "make-canonical", HOST, "-t", "acme")
    assert (called.code, issuer(acme_cli)) == (0, f"http://{HOST}")
    assert "/t/acme is taken until" in called.err
    assert acme_cli("domain", "remove", HOST, "-t", "acme", "--yes").code == 5
    assert acme_cli("domain", "make-canonical", "-t", "acme").code == 0
    assert issuer(acme_cli) == "http://localhost:8080/t/acme"
    assert acme_cli("domain", "remove", HOST, "-t", "acme", "--yes").code == 5
    assert acme_cli("domain", "end-overlap", "-t", "acme", stdin="no\n").code == 1
    assert acme_cli("domain", "end-overlap", "-t", "acme", "--yes").code == 0
    kept = acme_cli("domain", "remove", HOST, "-t", "acme", stdin="no\n")
    assert kept.code == 1
    assert acme_cli("domain", "remove", HOST, "-t", "acme", stdin="yes\n").code == 0
    assert acme_cli("domain", "list", "-t", "acme", "-o", "json").data == []
    kinds = [each["event_type"] for each in acme_cli("audit", "tail", "-o", "json").data]
    assert kinds[-1] == "TENANT_DOMAIN_REMOVED"


def test_ti_29_a_host_is_one_tenants_by_a_proof_of_its_own(
    acme_cli: Cli, names: NameServer
) -> None:
    acme_cli("tenant", "create", "globex")
    theirs, ours = claimed(acme_cli, "globex"), claimed(acme_cli, "acme")
    assert theirs["value"] != ours["value"]
    publish(names, ours)
    # Another's claim neither hinders nor is proven by the owner's record.
    assert acme_cli("domain", "verify", HOST, "-t", "globex").code == 1
    assert acme_cli("domain", "verify", HOST, "-t", "acme").code == 0
    for proof in ((), ("--without-proof",)):
        publish(names, theirs)
        assert acme_cli("domain", "verify", HOST, "-t", "globex", *proof).code == 5
    assert acme_cli("domain", "make-canonical", HOST, "-t", "globex").code == 5
    assert acme_cli("domain", "remove", HOST, "-t", "globex", "--yes").code == 0
    [listed] = acme_cli("domain", "list", "-t", "acme", "-o", "json").data
    assert listed["state"] == "proven"


def test_ti_29_a_record_that_was_left_behind_proves_nothing(
    acme_cli: Cli, names: NameServer
) -> None:
    publish(names, claimed(acme_cli))
    acme_cli("domain", "verify", HOST, "-t", "acme")
    acme_cli("domain", "remove", HOST, "-t", "acme", "--yes")
    claimed(acme_cli)
    assert acme_cli("domain", "verify", HOST, "-t", "acme").code == 1


def test_ti_29_a_proof_that_is_gone_is_told_when_it_is_looked_at_again(
    acme_cli: Cli, names: NameServer
) -> None:
    publish(names, claimed(acme_cli))
    assert acme_cli("domain", "verify", HOST, "-t", "acme").code == 0
    assert acme_cli("domain", "verify", HOST, "-t", "acme").code == 0
    names.texts.clear()
    assert acme_cli("domain", "verify", HOST, "-t", "acme").code == 1
    [listed] = acme_cli("domain", "list", "-t", "acme", "-o", "json").data
    assert listed["state"] == "proven"


def test_a_dns_that_does_not_answer_proves_nothing(lite_cli: Cli, names: NameServer) -> None:
    claimed(lite_cli)
    names.refuses = True
    ended = lite_cli("domain", "verify", HOST, "-t", "acme")
    assert ended.code == 6
    assert "could not be looked up" in ended.err


def test_an_operator_vouches_and_the_audit_log_says_so(acme_cli: Cli) -> None:
    claimed(acme_cli)
    assert acme_cli("domain", "verify", HOST, "-t", "acme", "--without-proof").code == 0
    event = acme_cli("audit", "tail", "-o", "json").data[-1]
    assert (event["event_type"], event["details"]) == (
        "TENANT_DOMAIN_VERIFIED",
        {"proof": "stated"},
    )


def test_a_claim_is_repeated_and_written_in_capitals_and_stays_the_same(acme_cli: Cli) -> None:
    first = claimed(acme_cli)
    assert claimed(acme_cli, host="Login.ACME.example.") == first
    assert len(acme_cli("domain", "list", "-t", "acme", "-o", "json").data) == 1


@pytest.mark.parametrize(
    "host",
    [
        "acme",
        "192.0.2.1",
        "[2001:db8::1]",
        "login.acme.example:8443",
        "https://login.acme.example",
        "login_.acme.example",
        "-login.acme.example",
        "*.acme.example",
        "login..example",
        f"{'a' * 64}.example",
        f"{'a.' * 130}example",
    ],
)
def test_what_is_no_host_name_is_refused(lite_cli: Cli, host: str) -> None:
    ended = lite_cli("domain", "add", "-t", "acme", "--", host)
    assert ended.code == 2
    assert "host" in ended.err


@pytest.mark.parametrize("host", ["id.example.com", "tenants.example.com", "a.tenants.example.com"])
def test_the_installations_own_hosts_are_no_tenants(lite_cli: Cli, host: str) -> None:
    os.environ["AUTHGATE_BASE_URL"] = "https://id.example.com"
    os.environ["AUTHGATE_BASE_DOMAIN"] = "tenants.example.com"
    ended = lite_cli("domain", "add", host, "-t", "acme")
    assert (ended.code, ended.err) == (
        2,
        f"authgate: host: {host!r} is the installation's own.\n",
    )


def test_an_unclaimed_host_is_neither_verified_nor_removed(acme_cli: Cli) -> None:
    claimed(acme_cli)
    acme_cli("tenant", "create", "globex")
    for words in (("verify", "--without-proof"), ("remove", "--yes")):
        ended = acme_cli("domain", *words, HOST, "-t", "globex")
        assert ended.code == 3


@pytest.mark.parametrize("nameserver", ["dns.example", "127.0.0.1:dns", ""])
def test_a_name_server_is_an_address(command: Cli, nameserver: str) -> None:
    os.environ["AUTHGATE_EGRESS__NAMESERVERS"] = json.dumps([nameserver])
    ended = command("domain", "list", "-t", "acme")
    assert ended.code == 2
    assert "egress.nameservers" in ended.err
