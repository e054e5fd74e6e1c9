"""What every test may ask for."""

pytest_plugins = ["authgate_testing.fixtures"]
