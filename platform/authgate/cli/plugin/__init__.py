"""``authgate plugin``: for those who write plugins, and those who install them."""
