"""Webhooks: where tenants have events of their logs sent, and what became of each."""
