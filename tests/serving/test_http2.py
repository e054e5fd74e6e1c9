"""What an HTTP/2 client may have the server do, and what ends its connection (RFC 9113, HT-15)."""

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from authgate_testing.http2 import Http2Client

if TYPE_CHECKING:
    from tests.serving.conftest import Serve, Service

CALM = ErrorCodes.ENHANCE_YOUR_CALM
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def secure(lasting: "Serve", with_tls: dict[str, str]) -> "Service":
    """Hypercorn, which speaks HTTP/2 over TLS."""
    return lasting("hypercorn", **with_tls)


@pytest.fixture
def client(secure: "Service", certificate: tuple[Path, Path]) -> Iterator[Http2Client]:
    """A connection of its own; a neighbour is answered before, and after it."""
    with Http2Client(secure.port, certificate[0]) as neighbour:
        assert neighbour.status(neighbour.request()) == 200
        with Http2Client(secure.port, certificate[0]) as client:
            yield client
        assert neighbour.status(neighbour.request()) == 200
    assert "Traceback" not in secure.log


def settings_frame(names: range) -> bytes:
    """Settings that hyperframe would not write: their names have two bytes."""
    settings = b"".join(struct.pack(">HL", name, 1) for name in names)
    return struct.pack(">BHBBL", 0, len(settings), SettingsFrame.type, 0, 0) + settings


def block(*fields: tuple[bytes, bytes], path: bytes = b"/") -> bytes:
    """The head of a request, as HPACK writes it."""
    pseudo = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", path)]
    return Encoder().encode([*pseudo, *fields], huffman=False)


FLOODS: dict[str, Frame] = {
    "pings": PingFrame(0, opaque_data=b"12345678"),
    "settings": SettingsFrame(0, settings={SettingCodes.ENABLE_PUSH: 0}),
    "acknowledged settings": SettingsFrame(0, flags=["ACK"]),
    "priorities": PriorityFrame(1, depends_on=0, stream_weight=1),
    "windows": WindowUpdateFrame(0, window_increment=1),
    "unknown frames": ExtensionFrame(0xBB, 0, body=b""),
    "pieces of no length": DataFrame(1, data=b""),
    "pieces of one byte": DataFrame(1, data=b"a"),
    "resets of one stream": RstStreamFrame(1),
}


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS)
def test_ht_15_a_flood_of_frames_ends_its_connection(client: Http2Client, frame: Frame) -> None:
    client.request(b"/slow", whole=False)
    client.send_frames([frame] * 20_000)
    assert client.farewell() == CALM


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS)
def test_as_many_frames_as_clients_need_end_nothing(client: Http2Client, frame: Frame) -> None:
    stream = client.request(b"/slow", whole=False)
    client.send_frames([frame] * 100)
    client.connection.end_stream(stream)
    assert client.status(client.request()) == 200


def test_ht_15_requests_taken_back_at_once_end_their_connection(
    client: Http2Client, secure: "Service"
) -> None:
    asked = secure.asked().count("GET /slow")
    taken_back = b""
    for _ in range(10_000):
        stream = client.begin(b"/slow")
        client.connection.reset_stream(stream)
        taken_back += client.unsent()
    client.send(taken_back)
    assert client.farewell() == CALM
    assert secure.asked().count("GET /slow") - asked <= 200


def test_ht_15_requests_taken_back_one_by_one_are_worked_on_a_hundred_at_a_time(
    client: Http2Client, secure: "Service"
) -> None:
    asked = secure.asked().count("GET /held")
    for _ in range(120):
        stream = client.request(b"/held")
        client.connection.reset_stream(stream)
        client.flush()
    assert client.status(client.request()) is None
    assert client.resets()[-1] == ErrorCodes.REFUSED_STREAM
    # Who is refused hears of it before those have begun that are worked on.
    assert secure.comes_to(lambda: secure.asked().count("GET /held") - asked == 100)
    (secure.folder / "released").touch()
    assert secure.comes_to(lambda: client.status(client.request()) == 200), "there is room again"
    assert secure.asked().count("GET /held") - asked == 100


def test_a_browser_that_leaves_a_page_keeps_its_connection(client: Http2Client) -> None:
    for _ in range(3):
        streams = [client.begin(b"/slow") for _ in range(30)]
        client.flush()
        for stream in streams:
            client.connection.reset_stream(stream)
        assert client.status(client.request()) == 200


@pytest.mark.parametrize("piece", [b"", b"a", b"a" * 1000])
def test_ht_15_a_head_that_never_ends_ends_its_connection(
    client: Http2Client, piece: bytes
) -> None:
    begun = HeadersFrame(1, data=block())
    client.send_frames([begun, *[ContinuationFrame(1, data=piece)] * 5000])
    assert client.farewell() in (CALM, ErrorCodes.PROTOCOL_ERROR)


def test_ht_06_a_short_head_that_stands_for_a_long_one_ends_its_connection(
    client: Http2Client,
) -> None:
    """One field of 4 kB, named again by one byte four hundred times."""
    bomb = block((b"x", b"a" * 3900)) + b"\xbe" * 400
    client.send_frames([HeadersFrame(1, data=bomb, flags=["END_HEADERS", "END_STREAM"])])
    assert client.farewell(leaves=False) == CALM


def test_ht_15_ten_thousand_open_streams_end_their_connection(
    client: Http2Client, secure: "Service"
) -> None:
    asked = len(secure.asked())
    head = block(path=b"/slow")
    client.send_frames(
        HeadersFrame(stream, data=head, flags=["END_HEADERS"]) for stream in range(1, 20_001, 2)
    )
    assert client.farewell() == ErrorCodes.PROTOCOL_ERROR
    assert len(secure.asked()) - asked <= 101


def test_ht_15_what_clients_announce_is_not_kept(
    secure: "Service", certificate: tuple[Path, Path]
) -> None:
    """Settings that nobody knows, each of which h2 would keep in 700 bytes."""

    def crowd(told: bytes) -> int:
        """What forty clients cost who say this."""
        before = secure.resident_bytes()
        with ExitStack() as stack:
            for _ in range(40):
                client = stack.enter_context(Http2Client(secure.port, certificate[0]))
                client.send(told)
                assert client.status(client.request()) == 200
            return secure.resident_bytes() - before

    crowd(b"")
    assert crowd(settings_frame(range(100, 1000))) < 18 * MEBIBYTE


def test_ht_15_no_client_makes_us_remember_more_fields(client: Http2Client) -> None:
    client.connection.update_settings({SettingCodes.HEADER_TABLE_SIZE: MEBIBYTE})
    assert client.status(client.request()) == 200
    assert client.listen(until=lambda: client.connection.decoder.max_allowed_table_size == MEBIBYTE)
    assert client.status(client.request()) == 200
    assert client.connection.decoder.header_table_size == 4096


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (b"GET", b"/\xff\xfe"),
        (b"GET", b"/a b"),
        (b"GET", b"/\x01"),
        (b"GET", b"/\x7f"),
        (b"GET", b"/#fragment"),
        (b"GET", b"https://evil.example/"),
        (b"OPTIONS", b"*"),
        (b"G T", b"/"),
        (b"get", b"/"),
        (b"\xff", b"/"),
        (b"", b"/"),
    ],
)
def test_ht_19_a_target_or_a_method_that_http_1_1_cannot_say_is_refused(
    client: Http2Client, secure: "Service", method: bytes, path: bytes
) -> None:
    asked = secure.asked()
    assert client.status(client.request(path, method=method)) == 400
    assert secure.asked() == asked
    assert client.status(client.request()) == 200, "nobody else on the connection is harmed"


def test_ht_16_no_tunnel_is_opened(client: Http2Client) -> None:
    fields = [(b":method", b"CONNECT"), (b":authority", b"evil.example:443")]
    stream = client.connection.get_next_available_stream_id()
    client.connection.send_headers(stream, fields, end_stream=True)
    client.flush()
    assert client.status(stream) is None
    assert client.resets() == [ErrorCodes.REFUSED_STREAM]
    assert client.status(client.request()) == 200


def test_a_body_in_crumbs_that_nobody_reads_is_in_nobody_s_way(client: Http2Client) -> None:
    early = client.request(b"/early", method=b"POST", whole=False)
    client.send_frames([DataFrame(early, data=b"a")] * 500)
    assert client.status(early) == 413
    echo = client.request(b"/echo", method=b"POST", whole=False)
    client.connection.send_data(echo, b"heard", end_stream=True)
    client.flush()
    assert client.status(echo) == 200
    assert client.body(echo) == b"heard"


def test_what_is_not_read_yet_is_not_taken_for_ever(client: Http2Client) -> None:
    """The application does not look at this body for a while: the client may not send on."""
    slow = client.request(b"/slow", method=b"POST", whole=False)
    room = client.connection.local_flow_control_window(slow)
    while (size := min(16_384, client.connection.local_flow_control_window(slow))) > 0:
        client.connection.send_data(slow, bytes(size))
        client.flush()
    other = client.request()
    assert client.status(other) == 200
    assert client.connection.local_flow_control_window(slow) == 0
    assert room == 65_535
    assert client.status(slow) == 200


@pytest.fixture
def impatient(serve: "Serve", with_tls: dict[str, str]) -> "Service":
    """A service whose clients have a second to take their answers."""
    return serve("hypercorn", stalled_seconds=1.0, **with_tls)


def test_ht_14_who_leaves_no_room_for_answers_is_let_go(
    impatient: "Service", certificate: tuple[Path, Path]
) -> None:
    with Http2Client(impatient.port, certificate[0], window=0) as client:
        for _ in range(50):
            client.begin(b"/large")
        client.flush()
        assert client.farewell() == CALM


def test_ht_14_nor_does_a_little_room_now_and_then_help(
    impatient: "Service", certificate: tuple[Path, Path]
) -> None:
    with Http2Client(impatient.port, certificate[0], window=0) as client:
        stream = client.request(b"/large")
        more = WindowUpdateFrame(stream, window_increment=10)

        def is_let_go() -> bool:
            client.send_frames([more])
            return client.listen(until=lambda: client.has_ended, within=0.2)

        assert impatient.comes_to(is_let_go)
        assert client.farewell() == CALM


def test_ht_14_who_takes_an_answer_slowly_gets_all_of_it(
    impatient: "Service", certificate: tuple[Path, Path]
) -> None:
    with Http2Client(impatient.port, certificate[0]) as client:
        client.reads_answers = False
        stream = client.request(b"/large")
        for _ in range(15):
            client.connection.increment_flow_control_window(20_000)
            client.connection.increment_flow_control_window(20_000, stream)
            client.flush()
            client.listen(until=lambda: client.has_ended, within=0.2)
        assert len(client.body(stream)) >= 15 * 20_000
        client.reads_answers = True
        client.connection.increment_flow_control_window(8 * MEBIBYTE)
        client.connection.increment_flow_control_window(8 * MEBIBYTE, stream)
        client.flush()
        assert client.status(stream) == 200
        assert len(client.body(stream)) == 8 * MEBIBYTE


def test_ht_15_requests_that_share_a_connection_count_as_connections_do(
    serve: "Serve", with_tls: dict[str, str], certificate: tuple[Path, Path]
) -> None:
    service = serve("hypercorn", connections_per_address=10, **with_tls)
    with Http2Client(service.port, certificate[0]) as client:
        streams = [client.begin(b"/slow") for _ in range(30)]
        client.flush()
        statuses = [client.status(stream) for stream in streams]
        assert statuses == [200] * 10 + [None] * 20
        assert client.resets() == [ErrorCodes.REFUSED_STREAM] * 20
        assert client.status(client.request()) == 200, "there is room again"


def test_ht_22_a_connection_whose_requests_were_taken_back_is_idle(
    serve: "Serve", with_tls: dict[str, str], certificate: tuple[Path, Path]
) -> None:
    """When there is no room left, idle connections make some."""
    service = serve("hypercorn", connections=5, **with_tls)
    held = [Http2Client(service.port, certificate[0]) for _ in range(5)]
    for client in held:
        client.connection.reset_stream(client.request(b"/slow"))
        client.flush()
    with Http2Client(service.port, certificate[0]) as another:
        assert another.status(another.request()) == 200
    for client in held:
        client.socket.close()
