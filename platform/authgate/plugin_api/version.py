"""Which plugin API this server speaks."""

API_VERSION = "1.3"
"""``major.minor``. A plugin states the version it was written for as ``plugin_api_version`` and is
loaded where the major is the same and the minor is not newer than the server's."""
