"""What a tenant uses, added up day by day from the audit log."""
