"""Applications that ask for tokens (RFC 6749 section 2): what they are, say and prove."""
