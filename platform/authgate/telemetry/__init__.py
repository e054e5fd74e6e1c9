"""What the server tells of itself while it runs: log lines and measurements.

Neither ever holds a secret, and no measurement is kept per tenant or client.
"""
