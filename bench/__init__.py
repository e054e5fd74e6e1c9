"""AuthGate measured against its rivals, in one run and on one machine."""
