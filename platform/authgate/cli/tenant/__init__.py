"""Tenants, and what each of them has: people, scopes, tokens, keys, hosts, connections."""
