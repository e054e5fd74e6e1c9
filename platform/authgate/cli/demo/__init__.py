"""``authgate demo``: two tenants to try, from nothing, in one command."""
