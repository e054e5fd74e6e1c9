"""What plugins are told of what has happened, and how far each has been told."""
