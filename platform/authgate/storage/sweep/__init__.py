"""The one place that looks across tenants: rows whose time is over or whose work is due."""
