"""Running an installation: its processes, its database, its settings."""
