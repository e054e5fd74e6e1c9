"""Ends that a command may come to, each with its exit code; the message is for whoever typed it."""

from typing import ClassVar

from authgate.cli.exit_codes import ExitCode


class Failure(Exception):
    """The command could not do what it was asked to."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class Misused(Failure):
    """The command was asked for something that makes no sense."""

    exit_code = ExitCode.USAGE


class NotFound(Failure):
    """What the command is about does not exist."""

    exit_code = ExitCode.NOT_FOUND


class NotAllowed(Failure):
    """Nobody is signed in, or whoever is may not do it."""

    exit_code = ExitCode.NOT_ALLOWED


class Conflict(Failure):
    """Something that exists is in the way."""

    exit_code = ExitCode.CONFLICT


class Unhealthy(Failure):
    """The installation is not fit to do it, or nobody answers at its address."""

    exit_code = ExitCode.UNHEALTHY
