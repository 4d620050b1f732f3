"""The log of a serving process."""

import json
import logging

from fastly_mcp.cli.logs import JSONFormatter


def record_of(message: str, **extra: object) -> logging.LogRecord:
    fault = RuntimeError("a bug")
    trace = (RuntimeError, fault, None) if message == "fault" else None
    return logging.getLogger("test").makeRecord(
        "test", logging.ERROR, "", 0, message, (), trace, extra=extra
    )


def test_a_fault_is_one_line_of_json_with_its_trace() -> None:
    line = JSONFormatter().format(record_of("fault"))
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("error", "fault")
    assert told["trace"].endswith("RuntimeError: a bug")


def test_a_calls_line_holds_its_figures_and_nothing_else() -> None:
    told = json.loads(JSONFormatter().format(record_of("ok", tool="x", ms=1.5, other="secret")))
    assert set(told) == {"time", "level", "tool", "ms"}
