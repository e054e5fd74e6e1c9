"""How the tables came to be, one step a file. ``authgate migrate`` runs them."""
