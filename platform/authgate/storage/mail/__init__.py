"""Mail that leaves, and the servers that tenants have it sent by."""
