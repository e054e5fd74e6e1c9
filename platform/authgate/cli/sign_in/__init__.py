"""Signing in at an issuer by the device flow, as a person or in one's place, and out again."""
