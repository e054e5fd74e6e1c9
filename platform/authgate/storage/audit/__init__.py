"""The audit log, and how far whoever is told of it has come."""
