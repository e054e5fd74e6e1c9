"""A tenant's admin API as commands ask it: of this machine's installation, or by HTTP of any."""
