"""``hypercorn authgate.asgi:app``: the server with the settings of its environment."""

from authgate.app import create_app
from authgate.settings import Settings

app = create_app(Settings())
