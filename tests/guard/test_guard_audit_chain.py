"""The chain: what was changed, put in, removed, cut or torn is found and told apart."""

import json
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fastly_mcp.errors import GuardFailed
from fastly_mcp.guard.chain import Seal, sealed
from fastly_mcp.guard.store import Head
from tests.guard.auditing import KEYS, Trail, meant
from tests.serving.processes import posix

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    """Ten lines."""
    trail = Trail(tmp_path)
    for _ in range(5):
        trail.change()
    return trail


def rewritten(rows: list[bytes], first: int, seal: Seal | None = None) -> list[bytes]:
    """The rows from `first` on chained anew, as someone does who knows how."""
    before = json.loads(rows[first - 1])
    head, kept = Head(before["hash"], before["n"]), rows[:first]
    for row in rows[first:]:
        said = {k: v for k, v in json.loads(row).items() if k not in {"n", "prev", "key", "hash"}}
        text, head = sealed(head, said, seal or Seal())
        kept.append(text)
    return kept


def test_an_untouched_chain_verifies_to_the_head_in_the_store(trail: Trail) -> None:
    found = trail.verify()
    assert (found.broken, found.torn) == ([], [])
    assert found.head == found.stored == Head(trail.said[-1]["hash"], 10)


def test_every_line_links_to_the_one_before(trail: Trail) -> None:
    hashes = ["", *(said["hash"] for said in trail.said)]
    assert [said["prev"] for said in trail.said] == hashes[:-1]
    assert [said["n"] for said in trail.said] == list(range(1, 11))


@pytest.mark.parametrize("index", [0, 4, 9])
def test_a_changed_line_is_named(trail: Trail, index: int) -> None:
    rows = trail.rows
    rows[index] = rows[index].replace(b'"event":"', b'"event":"0')
    trail.rows = rows
    found = trail.verify()
    assert found.broken == [f"Line {index + 1} (audit.jsonl:{index + 1}) was changed."]
    assert found.torn == []


@pytest.mark.parametrize("index", [0, 4, 8])
def test_a_changed_line_with_a_hash_of_its_own_is_named_by_the_next(
    trail: Trail, index: int
) -> None:
    rows = trail.rows
    rows[index] = rows[index].replace(b'"soft":false', b'"soft":true').replace(b":200", b":201")
    said = json.loads(rows[index])
    prev = Head(said["prev"], said["n"] - 1)
    said = {k: v for k, v in said.items() if k not in {"n", "prev", "hash"}}
    rows[index], _ = sealed(prev, said, Seal())
    trail.rows = rows
    n, at = index + 1, index + 2
    assert trail.verify().broken == [
        f"Line {n} was changed: line {at} (audit.jsonl:{at}) does not go on from it."
    ]


def test_a_chain_written_anew_is_not_the_one_the_store_knows(trail: Trail) -> None:
    rows = trail.rows
    rows[4] = rows[4].replace(b'"soft":false', b'"soft":true')
    trail.rows = rewritten(rows, 4)
    assert trail.verify().broken == [
        "Line 10 (audit.jsonl:10) was changed: it is not the one the store knows."
    ]


def test_removed_lines_are_named(trail: Trail) -> None:
    rows = trail.rows
    trail.rows = rows[:2] + rows[3:5] + rows[7:]
    assert trail.verify().broken == [
        "Line 3 was removed before audit.jsonl:3.",
        "Lines 6 to 7 were removed before audit.jsonl:5.",
    ]


def test_removed_first_lines_are_named(trail: Trail) -> None:
    trail.rows = trail.rows[3:]
    assert trail.verify().broken == ["Lines 1 to 3 were removed before audit.jsonl:1."]


def test_a_cut_tail_is_found_by_the_head_in_the_store(trail: Trail) -> None:
    trail.rows = trail.rows[:-2]
    found = trail.verify()
    assert found.broken == ["Lines 9 to 10 were removed from the end."]
    assert found.head.count == 8


def test_a_cut_line_at_the_end_is_changed_and_not_torn(trail: Trail) -> None:
    trail.file.write_bytes(trail.file.read_bytes()[:-20])
    found = trail.verify()
    assert (found.broken, found.torn) == (["Line 10 (audit.jsonl:10) was changed."], [])


def test_a_removed_file_is_found(trail: Trail) -> None:
    trail.file.unlink()
    assert trail.verify().broken == ["Lines 1 to 10 were removed from the end."]


def test_what_was_put_in_is_found(trail: Trail) -> None:
    rows = trail.rows
    trail.rows = [*rows[:3], b"nothing of ours\n", *rows[3:], rows[4]]
    assert trail.verify().broken == [
        "audit.jsonl:4 was put in: it is no line of the chain.",
        "audit.jsonl:12 was put in: line 5 stands before it.",
    ]


def test_a_line_before_the_first_is_no_beginning(trail: Trail) -> None:
    rows = trail.rows
    text, _ = sealed(Head("f" * 64, 0), {"line": "intent"}, Seal())
    trail.rows = [text, *rows[1:]]
    assert (
        trail.verify().broken[0] == "Line 1 (audit.jsonl:1) was changed: nothing comes before it."
    )


@pytest.mark.parametrize("torn", [b'{"n":6,"prev":"0a', b"{", b"\0\0\0\0"])
def test_a_torn_line_is_told_apart_and_the_chain_goes_on_after_it(
    trail: Trail, torn: bytes
) -> None:
    with trail.file.open("ab") as file:
        file.write(torn)
    last = trail.verify()
    trail.change()
    found = trail.verify()
    said = ["audit.jsonl:11 was torn by a crash; the chain goes on after it."]
    assert (last.broken, last.torn) == (found.broken, found.torn) == ([], said)
    assert found.head.count == 12
    assert trail.rows[10] == torn + b"\n"


def test_a_line_that_the_store_does_not_know_yet_is_gone_on_from(trail: Trail) -> None:
    with suppress(ZeroDivisionError), trail.store.begin() as transaction:
        trail.audit.write(transaction, meant())
        raise ZeroDivisionError
    assert trail.verify().broken == []
    trail.change()
    found = trail.verify()
    assert (found.broken, found.head.count) == ([], 13)
    assert found.stored == found.head


@pytest.mark.parametrize("key", [b"", KEY])
def test_a_new_store_leaves_a_mark_for_good_and_the_chain_goes_on(
    tmp_path: Path, key: bytes
) -> None:
    trail = Trail(tmp_path, key=key)
    for _ in range(5):
        trail.change()
    trail.rows = trail.rows[:8]
    trail.lose_store()
    assert trail.verify().broken == [
        "The store knows no head, so whether the end is cut is not known."
    ]
    for count in (10, 12):
        trail.change()
        found = trail.verify()
        assert (found.broken, found.head.count) == ([], count)
        assert found.unsure == [
            "Line 9 was written beside a new store: what was cut off before it is not known."
        ]
    assert ["new_store" in said for said in trail.said] == [False] * 8 + [True] + [False] * 3
    assert len(list(trail.audit.records())) == 6
    trail.edit(8, b'"new_store":true,', b"")
    assert trail.verify().broken == ["Line 9 (audit.jsonl:9) was changed."]


def test_the_first_line_of_all_has_no_mark(tmp_path: Path) -> None:
    trail = Trail(tmp_path)
    trail.change()
    assert trail.verify().unsure == []


def test_a_tail_that_was_cut_in_the_store_too_is_found_by_a_head_kept_elsewhere(
    trail: Trail,
) -> None:
    eighth, last = (Head(said["hash"], said["n"]) for said in (trail.said[7], trail.said[9]))
    trail.rows = trail.rows[:8]
    with trail.store.begin() as transaction:
        transaction.keep_head("file", eighth)
    assert trail.verify().broken == trail.verify(eighth).broken == []
    assert trail.verify(last).broken == ["Lines 9 to 10 were removed from the end."]
    trail.change()
    assert trail.verify().broken == trail.verify(eighth).broken == []
    (said,) = trail.verify(last).broken
    assert said.startswith("Line 10 (audit.jsonl:10) is not the one whose head was kept: ")
    trail.file.unlink()
    assert trail.verify(last).broken == ["Lines 1 to 10 were removed from the end."]


def test_lines_put_beyond_the_head_without_its_line_are_not_gone_on_from(trail: Trail) -> None:
    rows = trail.rows
    rows[5] = rows[5].replace(b'"accepted":2', b'"accepted":0')
    trail.rows = rewritten([*rows, rows[0]], 5)
    assert trail.verify().broken == [
        "Line 10 (audit.jsonl:10) was changed: it is not the one the store knows."
    ]
    trail.change()
    assert "audit.jsonl:12 was put in: line 11 stands before it." in trail.verify().broken


def test_a_line_beyond_the_head_that_was_changed_is_not_gone_on_from(trail: Trail) -> None:
    with suppress(ZeroDivisionError), trail.store.begin() as transaction:
        trail.audit.write(transaction, meant())
        raise ZeroDivisionError
    trail.rows = [*trail.rows[:10], trail.rows[10].replace(b'"soft":false', b'"soft":true')]
    trail.change()
    assert [said["n"] for said in trail.said[10:]] == [11, 11, 12]
    assert trail.verify().broken == ["audit.jsonl:11 was put in: it is no line of the chain."]


def test_what_is_appended_while_it_verifies_does_not_matter(trail: Trail) -> None:
    with trail.store.begin() as transaction:
        stored, sizes = transaction.head("file"), trail.audit.sizes()
    trail.change()
    trail.change(meant(replace(KEYS, targets=("x" * 5000,))))
    found = trail.audit.verify(stored, sizes)
    assert (found.broken, found.torn, found.head) == ([], [], stored)


def test_a_keyed_chain_verifies_with_its_key_only(tmp_path: Path) -> None:
    trail = Trail(tmp_path, key=KEY)
    trail.change()
    found = trail.verify()
    assert (found.broken, found.is_keyed, found.unkeyed) == ([], True, 0)
    name = Seal(KEY).name
    for options, has in (({"key": OTHER}, f"the key given is {Seal(OTHER).name}"), ({}, "no key")):
        broken = Trail(tmp_path, **options).verify().broken
        assert len(broken) == 1
        assert broken[0].startswith(
            f"Line 1 (audit.jsonl:1) was written with the key {name}, and {has}"
        )


def test_a_keyed_chain_cannot_be_written_anew_without_the_key(tmp_path: Path) -> None:
    trail = Trail(tmp_path, key=KEY)
    for _ in range(3):
        trail.change()
    rows = trail.rows
    rows[2] = rows[2].replace(b'"soft":false', b'"soft":true')
    for seal in (Seal(), Seal(OTHER)):
        trail.rows = rewritten(rows, 2, seal)
        head = json.loads(trail.rows[-1])
        with trail.store.begin() as transaction:
            transaction.keep_head("file", Head(head["hash"], head["n"]))
        assert trail.verify().broken[0].startswith("Line 3 (audit.jsonl:3) was written with")


def test_a_chain_wholly_without_the_key_is_told(trail: Trail) -> None:
    keyed = Trail(trail.directory, key=KEY)
    assert keyed.verify().broken == ["No line was written with the key."]
    keyed.change()
    found = keyed.verify()
    assert (found.broken, found.unkeyed, found.is_keyed) == ([], 10, True)


def test_nothing_is_appended_to_a_keyed_chain_without_its_key(tmp_path: Path) -> None:
    trail = Trail(tmp_path, key=KEY)
    trail.change()
    before = trail.rows
    for options in ({"key": OTHER}, {}):
        with pytest.raises(GuardFailed, match=r"begun with the key "):
            Trail(tmp_path, **options).change()
    assert trail.rows == before


def test_the_key_is_nowhere(tmp_path: Path) -> None:
    trail = Trail(tmp_path, key=KEY)
    trail.change()
    assert KEY not in trail.file.read_bytes()
    assert "kkkk" not in repr(trail.verify())


def test_a_full_file_is_left_as_it_is_and_the_next_goes_on(tmp_path: Path) -> None:
    trail = Trail(tmp_path, largest=3000)
    trail.change()
    first = trail.file.stat().st_ino
    for _ in range(9):
        trail.change()
    files = list(trail.audit.sizes().items())
    assert [file.name for file, _ in files[:2]] == ["audit.jsonl", "audit.2.jsonl"]
    assert len(files) > 3
    assert all(size <= 3000 for _, size in files)
    assert trail.file.stat().st_ino == first
    last = json.loads(trail.rows[-1])
    begins = json.loads(files[1][0].read_bytes().splitlines()[0])
    assert (begins["prev"], begins["n"]) == (last["hash"], last["n"] + 1)
    found = trail.verify()
    assert (found.broken, found.head.count) == ([], 20)
    assert len(list(trail.audit.records())) == 10


def test_a_removed_file_among_several_is_named(tmp_path: Path) -> None:
    trail = Trail(tmp_path, largest=3000)
    for _ in range(10):
        trail.change()
    (tmp_path / "audit.2.jsonl").unlink()
    removed, missing = trail.verify().broken
    assert removed.startswith("Lines ")
    assert removed.endswith(" were removed before audit.3.jsonl:1.")
    assert missing == "audit.2.jsonl is missing."


def test_a_line_larger_than_a_file_may_be_is_written(tmp_path: Path) -> None:
    trail = Trail(tmp_path, largest=100)
    trail.change()
    assert (trail.verify().broken, len(trail.audit.sizes())) == ([], 2)


@posix
def test_files_are_for_this_user_only(trail: Trail) -> None:
    assert stat.S_IMODE(trail.file.stat().st_mode) == 0o600
