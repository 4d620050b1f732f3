"""The log of a serving process, on standard error, which nobody has to read."""

import json
import logging
import queue
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime

from fastly_mcp.guard.files import write_all

KEPT = 1_000  # lines that wait to be read; more are dropped and counted
LAST = 0.5  # seconds for them at the end

# What a record of a call carries besides its message.
FIELDS = ("caller", "tool", "outcome", "ms", "upstream_ms", "upstream_requests", "answer_tokens")


class Log(logging.Handler):
    """Has a thread write the lines, so that a reader who has stopped keeps nobody waiting."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._lines: queue.Queue[str] = queue.Queue(KEPT)
        self._dropped = 0
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Put a line in, or count it."""
        if self._writer.ident is None:
            self._writer.start()
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            self._dropped += 1

    def flush(self) -> None:
        """Wait a moment for what has been put in."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, LAST)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            dropped, self._dropped = self._dropped, 0
            if dropped:
                line = f"{dropped} lines were dropped: nobody read them.\n{line}"
            # It may be closed by now, and there is nobody else to tell.
            with suppress(OSError, ValueError):
                # Not through the stream: who waits in it at the end keeps the process from ending.
                write_all(sys.stderr.fileno(), f"{line}\n".encode(errors="backslashreplace"))
            self._lines.task_done()


class LineFormatter(logging.Formatter):
    """One line for a person."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")


class JSONFormatter(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return what a record of a call carries, of another its message."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if not fields:
            fields["message"] = record.getMessage()
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(line | fields, ensure_ascii=False)
