"""``/operator``: what operators do, on pages. Below any other tenant's issuer there are none."""
