"""A file of places, as whoever operates an installation brings one (MaxMind DB format 2.0)."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from struct import pack

_MARKER = b"\xab\xcd\xefMaxMind.com"
_NOTHING = -1


def write_places(path: Path, places: Mapping[str, object]) -> Path:
    """Store what is said of each network of IPv4."""
    nodes: list[list[int]] = [[_NOTHING, _NOTHING]]
    data, offsets = b"", []
    for network, said in places.items():
        offsets.append(len(data))
        data += _encoded(said)
        _insert(nodes, IPv4Network(network), -2 - len(offsets) + 1)
    count = len(nodes)

    def record(value: int) -> bytes:
        if value == _NOTHING:
            value = count
        elif value < _NOTHING:
            value = count + 16 + offsets[-2 - value]
        return value.to_bytes(3)

    tree = b"".join(record(value) for node in nodes for value in node)
    about = {
        "node_count": (6, count),
        "record_size": (5, 24),
        "ip_version": (5, 4),
        "database_type": "Places",
        "languages": ["en"],
        "binary_format_major_version": (5, 2),
        "binary_format_minor_version": (5, 0),
        "build_epoch": (9, 1),
        "description": {"en": "Places"},
    }
    path.write_bytes(tree + bytes(16) + data + _MARKER + _encoded(about))
    return path


def _insert(nodes: list[list[int]], network: IPv4Network, leaf: int) -> None:
    bits = f"{int(network.network_address):032b}"[: network.prefixlen]
    here = 0
    for bit in bits[:-1]:
        if nodes[here][int(bit)] == _NOTHING:
            nodes.append([_NOTHING, _NOTHING])
            nodes[here][int(bit)] = len(nodes) - 1
        here = nodes[here][int(bit)]
    nodes[here][int(bits[-1])] = leaf


def _encoded(value: object) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _head(2, len(raw)) + raw
    if isinstance(value, float):
        return _head(3, 8) + pack(">d", value)
    if isinstance(value, tuple):  # a number of one of the format's kinds
        kind, number = value
        raw = int(number).to_bytes(4).lstrip(b"\0")
        return _head(kind, len(raw)) + raw
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(_encoded, value))
    assert isinstance(value, Mapping)
    pairs = (_encoded(key) + _encoded(each) for key, each in value.items())
    return _head(7, len(value)) + b"".join(pairs)


def _head(kind: int, size: int) -> bytes:
    assert size < 29
    if kind > 7:
        return bytes((size, kind - 7))
    return bytes((kind << 5 | size,))
