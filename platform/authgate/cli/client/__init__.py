"""``authgate client``: applications of a tenant, and who may register some by themselves."""
