"""The people of a tenant, and what they may be called."""
