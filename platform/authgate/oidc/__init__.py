"""What OpenID Connect adds: metadata that clients discover, and who the person is."""
