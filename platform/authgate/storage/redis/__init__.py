"""What Redis is asked: to count, to pace and to pass on. All of it may be lost without harm."""
