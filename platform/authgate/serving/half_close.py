"""The polite end of a connection whose peer may still be sending.

Closing a socket with bytes unread makes the kernel reset the connection, and the peer may then
never see the last answer (a 413, a 431). So we say that we have finished, and read on a while.
"""

import asyncio

LINGER_SECONDS = 2.0


def half_close(transport: asyncio.WriteTransport) -> None:
    """End our side once everything is sent, and the connection a little later at the latest.

    The caller goes on reading, to no purpose, until the peer ends its side. TLS has no half-closed
    state here, so its peer learns that we have finished from what we said, or a little later.
    """
    if not transport.can_write_eof():
        asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.close)
        return
    transport.write_eof()
    _Patience(transport).look_again()


class _Patience:
    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._all_sent = False

    def look_again(self) -> None:
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._look)

    def _look(self) -> None:
        # A peer that does not read at all is cut by the socket's own time limit.
        if self._transport.is_closing():
            return
        if self._all_sent:
            self._transport.abort()
            return
        self._all_sent = self._transport.get_write_buffer_size() == 0
        self.look_again()
