"""The audit log, its seals, and how far whoever is told of it has come."""
