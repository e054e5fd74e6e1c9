"""PostgreSQL as an engine: the tenant in every transaction, lines for one purpose, the walls."""
