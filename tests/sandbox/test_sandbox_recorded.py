"""The sandbox gives every answer that Fastly's API was recorded to give, in its types.

`recorded_shapes.txt` has the types, the modules `tours…` how each answer is provoked, and `tours`
where the sandbox may differ. `python -m tests.sandbox.tours` counts.
"""

import asyncio

import pytest

from tests.sandbox.recorded import differences, parse
from tests.sandbox.tours import MORE, OTHER, RECORDED, TOURS, Told, found, travel


@pytest.fixture(scope="module")
def told() -> Told:
    return asyncio.run(travel())


@pytest.mark.parametrize("tour", TOURS)
def test_a_tour_comes_to_its_end(told: Told, tour: str) -> None:
    if tour in told.stopped:
        raise told.stopped[tour]


@pytest.mark.parametrize("line", RECORDED)
def test_an_answer_has_the_recorded_type(told: Told, line: str) -> None:
    assert found(RECORDED[line], told.notes) == []


def test_all_recorded_answers_are_there() -> None:
    assert sum(entry.times for entry in RECORDED.values()) == 501


def test_no_exception_is_left_over() -> None:
    assert all(any(entry.path.startswith(path) for entry in RECORDED.values()) for path in MORE)
    assert OTHER.keys() <= RECORDED.keys()


@pytest.mark.parametrize(
    ("shape", "value", "differs"),
    [
        ("{id:str,n:int}", {"id": "x", "n": 1}, []),
        ("{id:str}", {}, [".id is missing"]),
        ("{id:str}", {"id": "x", "other": None}, [".other is new"]),
        ("{id:str,..}", {"id": "x", "other": None}, []),
        ("{id:str}", [], ["the body is a list, not an object"]),
        ("{n:numstr}", {"n": 1}, [".n is int, not numstr"]),
        ("{n:int}", {"n": True}, [".n is bool, not int"]),
        ("{n:float}", {"n": 1}, [".n is int, not float"]),
        ('{t:str""}', {"t": "x"}, ['.t is str, not str""']),
        ("{t:str}", {"t": ""}, ['.t is str"", not str']),
        ("{t:null}", {"t": ""}, ['.t is str"", not null']),
        ("{at:ts}", {"at": "2026-03-01T12:00:00Z"}, []),
        ("{at:ts}", {"at": "2026-03-01T12:00:00+00:00"}, []),
        ("{at:ts}", {"at": "2026-03-01T12:00:00.000Z"}, [".at is ts.frac, not ts"]),
        ("{at:ts}", {"at": "2026-03-01 12:00:00"}, [".at is str, not ts"]),
        ("[]", ["x"], ["the body is filled"]),
        ("[str]", [], ["the body is empty"]),
        ("[{t:str}]", [{"t": None}], ["[0].t is null, not str"]),
        ("[{t:str}]", [{"t": None}, {"t": "x"}], []),
        ("[{t:str}]", [{"t": 1}, {"t": "x"}], ["[0].t is int, not str"]),
        ("[[{t:str},..]]", [[{"t": "x"}, None, True]], []),
        ("{a:{..},b:[..]}", {"a": {"x": 1}, "b": []}, []),
        ("{{key}:{n:int}}", {"a": {"n": 1}, "b": {"n": 2}}, []),
        ("{{key}:{n:int}}", {"a": {"n": "1"}}, [".a.n is numstr, not int"]),
        ("{{key}:str}", {}, ["the body is empty"]),
    ],
)
def test_types_are_told_apart(shape: str, value: object, differs: list[str]) -> None:
    assert differences(parse(shape), value) == differs
