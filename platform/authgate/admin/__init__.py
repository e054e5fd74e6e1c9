"""What a tenant's administrators do: its console, for people, is in ``console``."""
