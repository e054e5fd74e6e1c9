"""Whose request it is: what is believed of ``X-Forwarded-For``, and from whom."""

import pytest

from authgate.web.client_ip import ClientAddress, bucket

TRUSTED = ("10.0.0.0/8", "2001:db8:f::/48")


def client(peer: str, *forwarded: str, trusted: tuple[str, ...] = TRUSTED) -> str:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return ClientAddress(trusted).of(peer, headers)


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("203.0.113.7:4711, 10.0.0.2:80", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        ("203.0.113.7, ::ffff:10.0.0.9", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1111:2222:3333:4444%enp0s31f6-vlan4000", "fe80::1111:2222:3333:4444"),
    ],
)  # fmt: skip
def test_the_last_hop_that_no_proxy_of_ours_added_is_the_client(
    forwarded: str, expected: str
) -> None:
    assert client("10.0.0.1", forwarded) == expected


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8:f::1"])
def test_a_proxy_is_known_however_its_address_is_written(peer: str) -> None:
    assert client(peer, "203.0.113.7") == "203.0.113.7"


def test_a_trusted_network_may_be_written_as_mapped_addresses() -> None:
    for peer in ("10.0.0.1", "::ffff:10.0.0.1"):
        assert client(peer, "203.0.113.7", trusted=("::ffff:10.0.0.0/104",)) == "203.0.113.7"


@pytest.mark.parametrize(
    "forwarded",
    [
        "",
        "unknown",
        "203.0.113.7;",
        "203.0.113.7:",
        "203.0.113.7:x",
        "[203.0.113.7",
        "1.2.3.4%eth0",
    ],
)
def test_a_proxy_that_forwards_rubbish_is_the_client_itself(forwarded: str) -> None:
    assert client("10.0.0.1", f"198.51.100.1, {forwarded}") == "10.0.0.1"


def test_whoever_is_no_proxy_of_ours_is_the_client_itself() -> None:
    for trusted in (TRUSTED, ()):
        assert client("203.0.113.7", "198.51.100.1", trusted=trusted) == "203.0.113.7"
        assert client("::ffff:203.0.113.7", "198.51.100.1", trusted=trusted) == "203.0.113.7"
        assert client("fe80::1%eth0", trusted=trusted) == "fe80::1"


def test_a_limit_counts_one_client_once() -> None:
    assert bucket("::ffff:203.0.113.7") == bucket("203.0.113.7") == "203.0.113.7"
    assert bucket("2001:db8::7") == bucket("2001:db8::8") == "2001:db8::/64"
    assert bucket("") == ""
