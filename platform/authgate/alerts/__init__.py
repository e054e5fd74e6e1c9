"""Rules that look at a tenant's log, and tell people what deserves a look."""
