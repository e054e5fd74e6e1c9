"""What the tests of this folder may ask for besides: the server under watch, and its callers."""

from authgate_testing.doors import *  # noqa: F403 - fixtures, all of them for these tests
from authgate_testing.pretend_host import *  # noqa: F403 - the same
