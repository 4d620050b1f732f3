"""What a serving process does to itself before it serves: logs, and no dumps of its memory."""

import argparse
import logging
import sys

from fastly_mcp.cli.logs import JSONFormatter, LineFormatter, Log

LEVELS = ("debug", "info", "warning", "error")
PR_SET_DUMPABLE = 4  # Linux, prctl(2)


def add_arguments(parser: argparse.ArgumentParser, *, level: str) -> None:
    """Add the options every serving command has."""
    parser.add_argument("--log-json", action="store_true", help="log one JSON object per line")
    parser.add_argument("--log-level", choices=LEVELS, default=level, help="default: %(default)s")


def prepare(options: argparse.Namespace) -> None:
    """Set up logging to standard error, and keep the token out of core dumps."""
    handler = Log(JSONFormatter() if options.log_json else LineFormatter())
    logging.basicConfig(level=options.log_level.upper(), handlers=[handler])
    if options.log_level != "debug":
        # The SDK tells of each session it opens and closes, and stateless ones are many;
        # uvicorn of each step of its own start and end.
        for name in ("mcp", "uvicorn"):
            logging.getLogger(name).setLevel(logging.WARNING)
    if options.log_json:
        logging.getLogger("fastly_mcp.calls").setLevel(logging.INFO)
    _forbid_dumps()


def quiet() -> None:
    """Prepare a command that a person runs: what it prints is what it has to say."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    _forbid_dumps()


def _forbid_dumps() -> None:
    if sys.platform == "win32":  # pragma: no cover  # it has neither
        return
    import resource  # noqa: PLC0415  # not there on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # pragma: no branch
        import ctypes  # noqa: PLC0415  # only for this

        # Nobody but root may attach a debugger or read /proc/PID/mem after this.
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
