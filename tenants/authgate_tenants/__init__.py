"""Who a request belongs to, and how its data is kept apart."""
