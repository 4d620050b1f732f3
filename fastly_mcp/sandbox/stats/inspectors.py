"""Domain Inspector and Origin Inspector: one service's traffic by domain or by origin host.

Both have one form. Invented: what an omitted `group_by` means, and the reasons of refusals but for
those of times and metrics.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import dumped
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, stamp
from fastly_mcp.sandbox.stats import chronic
from fastly_mcp.sandbox.stats.inspected import DOMAINS, ORIGINS, Inspector, parted
from fastly_mcp.sandbox.stats.sending import Parts
from fastly_mcp.sandbox.stats.traffic import Flow, flows
from fastly_mcp.sandbox.stats.visitors import Counts
from fastly_mcp.sandbox.stats.windows import PERIODS, STATS_REGIONS, USUAL, Window

MOST = 1_000
"""Periods of one answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an inspector."""

    window: Window
    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    filters: dict[str, tuple[str, ...]]
    """By dimension: the values that count."""
    limit: int
    cursor: int

    @property
    def meta(self) -> Row:
        """As it is told."""
        by = ",".join(self.group_by)
        return {
            "start": stamp(self.window.start),
            "end": stamp(self.window.end),
            "downsample": self.window.by,
            "metric": ",".join(self.metrics),
            "limit": self.limit,
            "sort": by,
            "group_by": by,
            "filters": {f"{name}s": ",".join(words) for name, words in self.filters.items()},
        }

    def passes(self, dimensions: dict[str, str]) -> bool:
        return all(dimensions[name] in wanted for name, wanted in self.filters.items())


class Wrong(list[tuple[str, str]]):
    """The parameters that do not fit, each with the reason; all are told at once."""

    def listed(self, call: Call, name: str, known: frozenset[str] | None = None) -> tuple[str, ...]:
        """The words of a parameter, which stand between commas."""
        words = tuple(word for word in call.query.get(name, "").split(",") if word)
        unknown = [word for word in words if known is not None and word not in known]
        if unknown:
            what = "metric names" if name == "metric" else f"values of '{name}'"
            self.append((name, f"Unrecognized {what}: '{', '.join(unknown)}'"))
        return words

    def moment(self, call: Call, name: str, usual: str) -> datetime:
        try:
            if call.query.get(name):
                return chronic.instant(call.query[name])
        except ValueError:
            self.append((name, f"failed to parse '{name}' time"))
        return chronic.read(usual, call.now)

    def number(self, call: Call, name: str, usual: int, most: int) -> int:
        text = call.query.get(name) or str(usual)
        if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most:
            return int(text)
        self.append((name, f"'{name}' must be a number of at most {most}"))
        return usual


def read_question(call: Call, inspector: Inspector) -> Question:
    """The question in the query. Raises the 400 that names all that is wrong."""
    wrong = Wrong()
    by = call.query.get("downsample") or "hour"
    if by not in PERIODS:
        wrong.append(("downsample", f"Unrecognized values of 'downsample': '{by}'"))
        by = "hour"
    dimensions = frozenset({inspector.dimension, "region", "datacenter", "none"})
    metrics = wrong.listed(call, "metric", inspector.metrics) or (inspector.usual,)
    group_by = wrong.listed(call, "group_by", dimensions) or (inspector.dimension,)
    filters = {
        "datacenter": wrong.listed(call, "datacenter"),
        inspector.dimension: wrong.listed(call, inspector.dimension),
        "region": wrong.listed(call, "region", frozenset(STATS_REGIONS)),
    }
    window = Window(wrong.moment(call, "start", USUAL[by]), wrong.moment(call, "end", "now"), by)
    limit = wrong.number(call, "limit", 100, 200) or 100
    cursor = wrong.number(call, "cursor", 0, 999_999_999)
    if not wrong and len(window.periods(call.now)) > MOST:
        wrong.append(("start", "time range is too large for 'downsample'"))
    if wrong:
        raise errors.invalid_metrics(*wrong)
    filters = {name: words for name, words in filters.items() if words}
    return Question(window, metrics, group_by, filters, limit, cursor)


def inspect(call: Call, inspector: Inspector) -> Response:
    """Time series, one for each combination of what it is grouped by; zeros are left out."""
    service, question = call.service(), read_question(call, inspector)
    parts = inspector.parts(call.world, service) if inspector.product in service.products else {}
    found = flows(call.world, [service], call.now) if parts else []
    return Parts(_series(inspector, question, found, parts, question.window.periods(call.now)))


def _series(
    inspector: Inspector,
    question: Question,
    visited: list[Flow],
    parts: dict[str, int],
    periods: range,
) -> Iterator[bytes]:
    found: dict[tuple[str, ...], list[Row]] = {}
    group_by = tuple(name for name in question.group_by if name != "none")
    for flow in visited:
        for start in periods:
            sums: dict[tuple[str, ...], Counts] = {}
            for dimensions, counts in parted(
                flow, parts, inspector.dimension, start, start + periods.step
            ):
                if question.passes(dimensions):
                    key = tuple(dimensions[name] for name in group_by)
                    sums[key] = sums.get(key, 0) + counts
            for key, counts in sums.items():
                told = inspector.measure(flow, counts)
                values = {name: told[name] for name in question.metrics if told.get(name)}
                if values:
                    found.setdefault(key, []).append(values | {"timestamp": start})
            yield b""
    data = [
        {"dimensions": dict(zip(group_by, key, strict=True)), "values": found[key]}
        for key in sorted(found)
    ]
    end = question.cursor + question.limit
    meta = question.meta | {"next_cursor": str(end) if end < len(data) else ""}
    yield dumped({"status": "success", "meta": meta, "data": data[question.cursor : end]})


def get_domains(call: Call) -> Response:
    return inspect(call, DOMAINS)


def get_origins(call: Call) -> Response:
    return inspect(call, ORIGINS)
