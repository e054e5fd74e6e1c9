"""What every request passes through, and what every page is made with."""
