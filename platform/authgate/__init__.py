"""The authorization server: OAuth 2.0 and OpenID Connect for every tenant.

Start reading at ``app.py``: it builds each part once and mounts every endpoint.
"""

__version__ = "0.1.0"
