"""Fastly's official Python client against the sandbox: `python -m tests.interop.fastly_py`.

Every operation of the client that the sandbox covers is called, with every field it declares, and
its models have to understand the answers. It needs the packages of `.[clients]`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import fastly

from fastly_mcp.sandbox.routes import ENDPOINTS
from fastly_mcp.sandbox.routing import Side
from tests.interop.fastly_arguments import Answers, Unknown, arguments, spoken
from tests.interop.fastly_operations import Operation, covered_operations
from tests.interop.fastly_values import ANSWERED_OTHERWISE, FAULTS, TOKENS, TWICE
from tests.interop.serving import started


def in_order(operations: list[Operation]) -> Iterator[Operation]:
    """What is made first in the order of the sandbox's paths; what is removed in the reverse."""
    at = {endpoint: number for number, endpoint in enumerate(ENDPOINTS)}
    for step in (0, 1, 2):
        there = [each for each in operations if each.step == step]
        for each in sorted(there, key=lambda each: at[each.endpoint], reverse=step == 2):
            yield each
            if each.name in TWICE:
                yield each


def check(operation: Operation, client: fastly.ApiClient, answers: Answers) -> Iterator[str]:
    """Call one operation: all that is wrong."""
    client.last_response = None
    client.configuration.api_token = TOKENS.get(operation.name, "sandbox")
    sent: dict[str, Any] = {}
    try:
        sent = arguments(operation, answers)
        operation.call(**sent, _spec_property_naming=True, _request_timeout=30)
    except fastly.ApiException as error:
        yield f"{error.status} {error.body}"
    except (fastly.OpenApiException, Unknown, TypeError) as error:
        yield f"{type(error).__name__}: {error}"
    # An answer that the models do not understand is an answer all the same.
    answer = _read(client.last_response)
    answers.keep(operation, answer)
    yield from different(operation, spoken(operation, sent), answer)


def _read(response: Any) -> Any:
    try:
        return json.loads(response.data)
    except (AttributeError, ValueError):
        return None


def different(operation: Operation, sent: Any, answer: Any) -> Iterator[str]:
    """The fields that are answered with another value than the one that was sent."""
    if operation.method == "GET" or not isinstance(sent, dict) or not isinstance(answer, dict):
        return
    for name in sent.keys() & answer.keys() - ANSWERED_OTHERWISE.get(operation.name, set()):
        if isinstance(sent[name], dict):
            yield from different(operation, sent[name], answer[name])
        elif _plain(answer[name]) != _plain(sent[name]):
            yield f"{name}: sent {sent[name]!r}, answered {answer[name]!r}"


def _plain(value: Any) -> str:
    return {"True": "1", "False": "0"}.get(str(value), str(value))


def faults_of(operation: Operation, why: str) -> set[str]:
    """The known faults of the client, if it is one of them."""
    return {
        name
        for name, (complaint, _) in FAULTS.items()
        if (name == operation.name or fnmatchcase(operation.family, name)) and complaint in why
    }


def main() -> int:
    sandbox = ("sandbox", "--port=0", "--edge-port=0", "--services=27")
    with (
        started(*sandbox, announced=r"the API at (\S+),") as at,
        fastly.ApiClient(fastly.Configuration(host=at[1])) as client,
    ):
        covered = list(covered_operations(client))
        answers = Answers()
        said = [(each, why) for each in in_order(covered) for why in check(each, client, answers)]
    found = {name for operation, why in said for name in faults_of(operation, why)}
    wrong = {each.name: why for each, why in said if not faults_of(each, why)}
    good = Counter(_line(each) for each in covered if each.name not in wrong)
    for line, total in sorted(Counter(map(_line, covered)).items()):
        mark = "ok     " if good[line] == total else "FAILED "
        print(f"{mark} {line}: {good[line]} / {total}")
    lacks = {f"{each.method} {each.path}" for each in ENDPOINTS if each.side is not Side.DOOR}
    lacks -= {f"{each.method} {each.endpoint.path}" for each in covered}
    print(f"        the client lacks {', '.join(sorted(lacks))}")
    wrong |= dict.fromkeys(FAULTS.keys() - found, "the client has no such fault")
    for name, why in wrong.items():
        print(f"FAILED  {name}: {why}")
    return 1 if wrong else 0


def _line(operation: Operation) -> str:
    return "Logging" if operation.family.startswith("Logging") else operation.family


if __name__ == "__main__":
    sys.exit(main())
