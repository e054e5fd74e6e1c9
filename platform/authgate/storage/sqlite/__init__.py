"""SQLite as an engine: durable commits, one writer at a time, one service for a file."""
