"""What the audit tells of each change, and that nothing is changed where it takes no line."""

import os
import re
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from fastly_mcp.errors import (
    APIError,
    ConfigError,
    FastlyMCPError,
    GuardFailed,
    NotPermitted,
    RateLimited,
)
from fastly_mcp.guard.audit import EDITED, RUNNING, UNKNOWN, Audit
from fastly_mcp.guard.changes import Change, digest
from fastly_mcp.guard.lines import bare, outcome
from fastly_mcp.guard.record import Record
from fastly_mcp.guard.store import Store
from tests.guard.auditing import APPROVED, BLOG, CALL, KEYS, NOON, NOW, SHOP, Trail, meant
from tests.serving.processes import posix, run_source

REFUSED, UNANSWERED = RateLimited("Too many requests"), APIError(0, "No answer")
HIDDEN = "a\u202eb\u200bc\x1b[2Jd\ne\x7f\u2028\U000e0041\ud800"


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def test_both_lines_tell_everything_in_this_order(trail: Trail) -> None:
    event = trail.change()
    (intended, came) = trail.said
    hashes = [intended.pop("hash"), came.pop("hash")]
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes)
    assert list(intended.items()) == [
        ("n", 1),
        ("prev", ""),
        ("time", NOON),
        ("event", event),
        ("line", "intent"),
        ("pid", os.getpid()),
        ("caller", "ci"),
        ("client", "trial 1"),
        ("transport", "http"),
        ("account", "acme"),
        ("token_id", "token1"),
        ("token_name", "purger"),
        ("tool", "purge_surrogate_key"),
        ("operation", ""),
        ("services", [{"id": SHOP.service_id, "name": "shop-prod"}]),
        ("kind", "key"),
        ("count", 2),
        ("targets", ["products", "lamps"]),
        ("digest", ""),
        ("soft", False),
        ("plan", ""),
        ("approved_by", ""),
        ("approved_how", ""),
    ]
    assert list(came.items()) == [
        ("n", 2),
        ("prev", hashes[0]),
        ("time", "2026-09-21T14:13:21.000Z"),
        ("event", event),
        ("line", "outcome"),
        ("outcome", "ok"),
        ("accepted", 2),
        ("failed", 0),
        ("purge_ids", ["a-1"]),
        ("status", 200),
        ("duration_ms", 0),
    ]


def test_a_hash_is_that_of_the_lines_own_text(trail: Trail) -> None:
    trail.change()
    for row in trail.rows:
        text, found = row.rstrip(b"\n").removesuffix(b'"}').split(b',"hash":"')
        assert sha256(text).hexdigest().encode() == found


def test_who_approved_a_plan_and_how_is_told(trail: Trail) -> None:
    trail.change(meant(plan=APPROVED))
    said = trail.said[0]
    assert (said["plan"], said["approved_by"], said["approved_how"]) == (
        "ABCD-EFGH",
        "robin",
        "terminal",
    )


def test_50_targets_are_told_and_of_more_the_number_and_a_digest(trail: Trail) -> None:
    keys = tuple(f"key-{number}" for number in range(51))
    trail.change(meant(replace(KEYS, targets=keys[:50])))
    trail.change(meant(replace(KEYS, targets=keys)))
    few, many = trail.said[0], trail.said[2]
    assert (few["count"], few["targets"], few["digest"]) == (50, list(keys[:50]), "")
    assert (many["count"], many["targets"], many["digest"]) == (51, [], digest(list(keys)))


def test_of_purge_ids_the_first_50_are_told() -> None:
    ids = [f"{number}" for number in range(60)]
    assert outcome(NOW, "e", "ok", accepted=60, purge_ids=ids).purge_ids == tuple(ids[:50])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("user=robin&page=2", "user&page"),
        ("tags[]=a", "tags[]"),
        ("S3cr3tS3cr3tS3cr3t", "…"),
        ("S3cr3t=", "…"),
        (f"{'S3cr3t' * 6}=1", "…"),
        ("%53cr3t=1", "…"),
        ("a=1&S3cr3t&a=3", "a&…&a"),
        ("next=https://x.test/?S3cr3t=1", "next"),
    ],
)
def test_a_query_string_is_told_by_names_and_a_digest(trail: Trail, query: str, names: str) -> None:
    url = f"https://www.larkspur.example/p?{query}"
    change = Change(kind="url", targets=(url,))
    trail.change(meant(change))
    told = (
        f"https://www.larkspur.example/p?{names} (sha256 {sha256(query.encode()).hexdigest()[:16]})"
    )
    assert trail.said[0]["targets"] == [told]
    assert b"S3cr3t" not in trail.file.read_bytes()
    trail.change(meant(change, queries=True))
    assert trail.said[2]["targets"] == [url]


@pytest.mark.parametrize("url", ["https://x.test/", "https://x.test/a?"])
def test_a_url_without_a_query_string_is_told_as_it_is(url: str) -> None:
    assert bare(url) == url


def test_a_key_with_a_question_mark_is_told_as_it_is(trail: Trail) -> None:
    trail.change(meant(replace(KEYS, targets=("what?a=b",))))
    assert trail.said[0]["targets"] == ["what?a=b"]


def test_a_line_is_one_line_of_printable_ascii_whatever_it_tells(trail: Trail) -> None:
    call = replace(CALL, caller=HIDDEN, client=HIDDEN)
    hit = replace(SHOP, service_name=HIDDEN)
    trail.change(meant(replace(KEYS, hits=(hit,), targets=(HIDDEN, '"}\n{"n":1'))), came=None)
    trail.change(meant(call=call), came=None)
    assert len(trail.rows) == 2
    assert re.fullmatch(rb"([ -~]+\n){2}", trail.file.read_bytes())
    assert trail.said[0]["targets"] == [HIDDEN, '"}\n{"n":1']
    assert trail.said[1]["caller"] == HIDDEN
    assert trail.verify().broken == []


@pytest.mark.parametrize(
    ("accepted", "failed", "status"),
    [
        (2, [], 200),
        (0, [], 0),
        (0, [REFUSED], 429),
        (1, [REFUSED], 429),
        (1, [REFUSED, UNANSWERED], 0),
        (1, [NotPermitted("Frozen.")], 0),
    ],
)
def test_the_status_is_that_of_success_unless_anything_failed(
    accepted: int, failed: list[FastlyMCPError], status: int
) -> None:
    record = Record(KEYS, "e")
    record.done(*[""] * accepted)
    for error in failed:
        record.missed(error)
    assert record.status == status


# Reading


def test_records_are_the_newest_first_with_what_came_of_them(trail: Trail) -> None:
    events = [trail.change(came=came) for came in ("ok", "partly", "failed", "cancelled", None)]
    records = list(trail.audit.records())
    assert [record.intent.event for record in records] == events[::-1]
    assert [record.came(NOW) for record in records[1:]] == ["cancelled", "failed", "partly", "ok"]


def test_an_intent_without_outcome_runs_and_then_is_unknown(trail: Trail) -> None:
    trail.change(came=None)
    (record,) = trail.audit.records()
    assert record.came(NOW + RUNNING) == "running"
    assert record.came(NOW + RUNNING + 1) == UNKNOWN == "unknown: may have been sent"


def test_lines_that_overtake_each_other_are_paired(trail: Trail) -> None:
    first, second = meant(), meant(replace(KEYS, hits=(BLOG,)))
    failed, ok = outcome(NOW, second.event, "failed"), outcome(NOW, first.event, "ok")
    for line in (first, second, failed, ok):
        with trail.store.begin() as transaction:
            trail.audit.write(transaction, line)
    assert [record.came(NOW) for record in trail.audit.records()] == ["failed", "ok"]


@pytest.mark.parametrize(
    ("index", "old", "new"),
    [(2, b'"products"', b'"harmless"'), (3, b'"accepted":2', b'"accepted":1')],
)
def test_a_line_that_was_edited_is_not_told_as_fact(
    trail: Trail, index: int, old: bytes, new: bytes
) -> None:
    for _ in range(3):
        trail.change()
    trail.edit(index, old, new)
    first, edited, last = trail.audit.records()
    assert [record.came(NOW) for record in (first, edited, last)] == ["ok", EDITED, "ok"]
    assert edited.outcome is None


def test_an_edited_line_of_a_keyed_chain_is_told_by_its_key_alone(tmp_path: Path) -> None:
    trail = Trail(tmp_path, key=b"k" * 32)
    trail.change()
    assert [record.came(NOW) for record in Audit(tmp_path).records()] == ["ok"]
    trail.edit(0, b'"products"', b'"harmless"')
    assert [record.came(NOW) for record in trail.audit.records()] == [EDITED]
    for key in (b"", b"o" * 32):
        assert [record.came(NOW) for record in Audit(tmp_path, key=key).records()] == ["ok"]


def test_the_audit_says_since_when_it_is(trail: Trail) -> None:
    assert trail.audit.since() == ""
    trail.change()
    trail.change(meant(at=NOW + 60))
    assert trail.audit.since() == NOON


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"time":"2026', b'"time":"when'),
        (b'"time":"2026-09-21T14:13:20.000Z"', b'"time":"0001-01-01T00:00:00"'),
        (b'"kind":"key"', b'"kind":7'),
        (b'"services":[', b'"services":[{},'),
        (b'"line":"intent"', b'"line":"other"'),
        (b'"event"', b'"ev"'),
        (b'{"n":1', b'{"n":1.5'),
        (b'{"n":1,"prev":""', b'{"n":1,"prev":' + b"[" * 100_000),
    ],
)
def test_lines_that_make_no_sense_are_passed_over(trail: Trail, old: bytes, new: bytes) -> None:
    trail.change()
    event = trail.change()
    rows = trail.rows
    assert old in rows[0]
    trail.rows = [rows[0].replace(old, new), *rows[1:]]
    records = list(trail.audit.records())
    assert records[0].intent.event == event
    assert len(records) == 1
    assert trail.verify().broken


def test_lines_longer_than_what_is_read_at_once_are_read_whole(trail: Trail) -> None:
    sizes = (1, 40_000, 200_000, 65_536, 3)
    events = [trail.change(meant(replace(KEYS, targets=("x" * size,)))) for size in sizes]
    assert [record.intent.event for record in trail.audit.records()] == events[::-1]


# Where no line can be written


def test_in_memory_it_is_an_audit_too() -> None:
    store, audit = Store(), Audit(None)
    with store.begin() as transaction:
        audit.write(transaction, meant())
        found = audit.verify(transaction.head("file"), audit.sizes())
    assert (found.broken, found.head.count) == ([], 1)
    assert [record.intent.tool for record in audit.records()] == ["purge_surrogate_key"]
    assert audit.since() == NOON


@posix
def test_a_link_is_refused(trail: Trail, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for target in (elsewhere, Path("/dev/full"), Path(os.devnull)):
        trail.file.symlink_to(target)
        refused(trail, "is no plain file")
        with pytest.raises(ConfigError, match="is no plain file"):
            list(trail.audit.records())
        trail.file.unlink()
    assert not elsewhere.exists()


@posix
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o622])
def test_a_file_that_is_open_to_others_is_refused(trail: Trail, mode: int) -> None:
    trail.change()
    trail.file.chmod(mode)
    refused(trail, "is open to others; it is not used. Run: chmod go=")


@posix
def test_a_pipe_or_a_directory_is_refused_and_not_waited_for(trail: Trail) -> None:
    os.mkfifo(trail.file, 0o600)
    refused(trail, "is no plain file")
    trail.file.unlink()
    trail.file.mkdir(0o700)
    refused(trail, "is no plain file")


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_another_users_file_is_refused(trail: Trail) -> None:
    trail.change()
    os.chown(trail.file, 12345, -1)
    refused(trail, "belongs to another user (uid 12345)")


def test_a_directory_that_is_gone_is_refused(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "gone")
    with pytest.raises(GuardFailed, match="No such file"), Store().begin() as transaction:
        audit.write(transaction, meant())


def refused(trail: Trail, why: str) -> None:
    with trail.store.begin() as transaction:
        before = transaction.head("file")
    with pytest.raises(GuardFailed) as raised:
        trail.change()
    assert str(raised.value).startswith("The audit takes no line: ")
    assert why in str(raised.value)
    assert str(raised.value).startswith("The audit takes no line: ")
    with trail.store.begin() as transaction:
        assert transaction.head("file") == before


FULL = """
import resource, sys
from pathlib import Path
from fastly_mcp.errors import GuardFailed
from tests.guard.auditing import Trail
trail = Trail(Path(sys.argv[1]))
for _ in range(20):
    trail.change()
size = trail.file.stat().st_size
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
try:
    trail.change()
except GuardFailed as error:
    print(error)
assert trail.file.stat().st_size == size
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
trail.change()
found = trail.verify()
print(found.broken, found.torn, found.head.count)
"""


@posix
def test_a_full_disk_refuses_the_call_and_leaves_no_piece_of_a_line(tmp_path: Path) -> None:
    ended = run_source(FULL, str(tmp_path), home=tmp_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert ended.stderr == ""
    assert ended.stdout == ("The audit takes no line: File too large.\n[] [] 42\n")


def test_an_outcome_that_is_not_taken_does_not_say_that_nothing_was_sent(trail: Trail) -> None:
    trail.file.mkdir(0o700)
    told = pytest.raises(GuardFailed, match=r"Move it away\.$")
    with told, trail.store.begin() as transaction:
        trail.audit.write(transaction, outcome(NOW, "e", "ok"))
