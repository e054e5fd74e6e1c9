"""The listening socket, which the supervisor owns and every worker inherits."""

import errno
import socket

from authgate.serving.errors import CannotListen, PortTaken

BACKLOG = 1024  # connections the kernel keeps for us while every worker is busy or starting

UNSENT_BYTES = 128 * 1024
"""What the kernel takes of an answer before its peer does; of itself it would take some MiB for
each peer that does not read."""


def listen(*, host: str, port: int, stalled_seconds: float = 30.0) -> socket.socket:
    """Listen on the address. Raises ``PortTaken`` or ``CannotListen``.

    Accepted sockets inherit the options that are set here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A restarted server must not wait for the last one's finished connections to be forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        # A peer that reads nothing of its answer is cut by the kernel.
        milliseconds = int(stalled_seconds * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from error
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def origin(listener: socket.socket, *, secure: bool) -> str:
    """The origin at which the socket is reached, with the port the system chose."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if listener.family == socket.AF_INET6 else host
    return f"{'https' if secure else 'http'}://{shown}:{port}"
