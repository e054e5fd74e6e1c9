"""What the tests of this folder may ask for besides: the server under watch, and its callers."""

from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
