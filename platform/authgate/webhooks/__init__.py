"""Webhooks: what has happened at a tenant, sent to addresses of its own, each event by itself.

A place in the tenant's log for each address says what was taken out of it; what was taken out is a
row until it has arrived or is given up. Plugins that are told batches of the log are in ``feeds``.
"""
