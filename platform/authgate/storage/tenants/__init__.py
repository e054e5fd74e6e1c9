"""What a tenant has beside its people and its clients."""
