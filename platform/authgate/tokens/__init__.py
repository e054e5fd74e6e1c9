"""Making tokens and checking those that come back: keys, signatures, claims."""
