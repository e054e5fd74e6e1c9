"""Files of any size that somebody asks for, written by jobs piece by piece."""
