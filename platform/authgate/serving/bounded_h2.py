"""The state of an HTTP/2 connection as h2 keeps it: none of it grows with what a client sends."""

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings
from hpack import Encoder

from authgate.serving.request_head import MAX_HEAD_BYTES

_FIELD_TABLE_BYTES = 4096
"""For fields of our answers (RFC 9113 section 6.5.2): what every client has; we take no more."""

_CLOSED_STREAMS = 1000
"""Streams that late frames are still told apart for; on its own h2 keeps 65,536."""


class BoundedConnection(H2Connection):
    """The server's end of a connection that works on so many requests at a time."""

    MAX_CLOSED_STREAMS = _CLOSED_STREAMS

    def __init__(self, *, calls: int) -> None:
        super().__init__(H2Configuration(client_side=False, header_encoding=None))
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: calls,
                SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEAD_BYTES,
            },
        )
        self.decoder.max_header_list_size = MAX_HEAD_BYTES
        self.encoder = _Encoder()
        self.bytes_sent = 0
        """Of answers, since the connection began."""

    def send_data(
        self,
        stream_id: int,
        data: bytes | memoryview,
        end_stream: bool = False,
        pad_length: int | None = None,
    ) -> None:
        self.bytes_sent += len(data)
        super().send_data(stream_id, data, end_stream, pad_length)


class _Encoder(Encoder):
    """Remembers a few fields of its answers, however many the client offers to remember."""

    @property
    def header_table_size(self) -> int:
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self.header_table.maxsize = min(value, _FIELD_TABLE_BYTES)
        if self.header_table.resized:
            self.table_size_changes.append(self.header_table.maxsize)
