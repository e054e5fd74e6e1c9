"""The contract of ``register_login_connectors``."""

from authgate.testing.connector_alone import ConnectorAlone
from authgate.testing.connector_at_server import ConnectorAtServer


class LoginConnectorContract(ConnectorAlone, ConnectorAtServer):
    """What every connector has to keep, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``connector``; ``provider``
    and ``settings`` too, where the connector does not speak plain OAuth 2.0 or has other settings
    than ``host``, ``client_id`` and ``client_secret``.
    """
