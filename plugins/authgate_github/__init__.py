"""Sign in with GitHub."""
