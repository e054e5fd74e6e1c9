"""What concurrent requests store, spend and look up together, each answered for itself."""
