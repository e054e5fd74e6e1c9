"""What keeps the server from serving, each as its own class."""


class ServingError(Exception):
    """The server cannot do what was asked of it; the message is for the operator."""


class CannotListen(ServingError):
    """The address cannot be listened on."""


class PortTaken(CannotListen):
    """Another program listens on the port."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken by another program")
        self.host = host
        self.port = port


class ServerNotInstalled(ServingError):
    """The chosen server is an extra that is not installed."""


class AppNotFound(ServingError):
    """The dotted name leads to no application."""


class LifespanFailed(ServingError):
    """The application could not start, or not stop."""


class CertificateUnusable(ServingError):
    """The TLS certificate or its key cannot be read, or they do not belong together."""
