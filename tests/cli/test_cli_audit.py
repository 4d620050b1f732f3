"""fastly-mcp audit: what was purged, and whether what is told of it can be believed."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fastly_mcp.guard.audit import EDITED
from fastly_mcp.guard.chain import Seal
from fastly_mcp.guard.changes import Change
from fastly_mcp.guard.store import Head
from tests.cli.conftest import Ended, Main
from tests.guard.auditing import APPROVED, BLOG, CALL, KEYS, NOW, SHOP, Trail, meant
from tests.serving.processes import posix

HIDDEN = "\u202egnp\x1b[2J\nfake line"


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path / "state")


def asked(main: Main, trail: Trail, *words: str, **environ: str) -> Ended:
    return main("audit", "--state-dir", str(trail.directory), *words, **environ)


def test_each_purge_is_one_line_and_the_newest_is_last(main: Main, trail: Trail) -> None:
    trail.change(meant(replace(KEYS, soft=True)))
    trail.change(meant(Change(kind="all", hits=(BLOG,)), at=NOW + 60), came="failed")
    trail.change(meant(Change(kind="url", targets=tuple("abcd")), at=NOW + 120), came=None)
    ended = asked(main, trail)
    assert (ended.code, ended.err) == (0, "")
    soft, failed, unknown = (line.split("  ") for line in ended.out.splitlines())
    by = "by ci trial 1 token token1"
    shop, blog = "u8jzPde0IgxLd6GncfBAep shop-prod", "fJBd0Kh8oOOL8dKLzdocJ2 blog"
    assert soft[:2] == ["2026-09-21 14:13:20Z", "purge_surrogate_key"]
    assert soft[2:5] == [shop, "2 keys soft: products lamps", by]
    assert soft[5:] == ["ok, 2 accepted, 0 failed, status 200"]
    assert failed[0] == "2026-09-21 14:14:20Z"
    assert failed[2:] == [blog, "everything", by, "failed, 0 accepted, 0 failed, status 200"]
    assert unknown[2:4] == ["service unknown", "4 urls: a b c …"]
    assert unknown[5:] == ["unknown: may have been sent"]


def test_who_approved_it_and_how_is_told(main: Main, trail: Trail) -> None:
    trail.change(meant(plan=APPROVED))
    assert "  approved by robin (terminal)  ok" in asked(main, trail).out


def test_other_peoples_text_is_shown_and_stays_on_its_line(main: Main, trail: Trail) -> None:
    change = replace(KEYS, hits=(replace(SHOP, service_name=HIDDEN),), targets=(HIDDEN,))
    trail.change(meant(change, call=replace(CALL, client=HIDDEN)))
    plain, as_json = asked(main, trail).out, asked(main, trail, "--json").out
    for out in (plain, as_json):
        assert out.count("\n") == 1
        assert out.rstrip("\n").isprintable()
        assert "\u202e" not in out
    assert plain.count(r"\u{202e}gnp\u{1b}[2J\nfake line") == 3
    assert json.loads(as_json)["targets"] == [HIDDEN]


def test_service_tool_and_time_choose(main: Main, trail: Trail) -> None:
    now = time.time()
    trail.change(meant(at=now - 7200))
    trail.change(meant(replace(KEYS, hits=(BLOG,)), at=now - 60))
    trail.change(meant(call=replace(CALL, tool="purge_all"), at=now))
    for words, count in (
        ([], 3),
        (["--since", "1h"], 2),
        (["--since", "7201s"], 3),
        (["--since", "1m"], 1),
        (["--service", BLOG.service_id], 1),
        (["--service", "shop-prod"], 2),
        (["--tool", "purge_all"], 1),
        (["--tool", "purge_all", "--service", "blog"], 0),
    ):
        out = asked(main, trail, *words, "--json").out
        assert len(out.splitlines()) == count, words


def test_json_is_one_object_a_purge_with_all_that_is_known(main: Main, trail: Trail) -> None:
    event = trail.change()
    trail.change(came=None)
    known, unknown = map(json.loads, asked(main, trail, "--json").out.splitlines())
    assert known["event"] == event
    assert (known["outcome"], known["purge_ids"], known["status"]) == ("ok", ["a-1"], 200)
    assert (unknown["outcome"], "accepted" in unknown) == ("unknown: may have been sent", False)


def test_an_edited_line_is_shown_as_one(main: Main, trail: Trail) -> None:
    for _ in range(2):
        trail.change()
    trail.edit(1, b'"accepted":2', b'"accepted":1')
    edited, kept = (line.split("  ") for line in asked(main, trail).out.splitlines())
    assert edited[-1] == EDITED
    assert kept[-1] == "ok, 2 accepted, 0 failed, status 200"
    as_json, _ = map(json.loads, asked(main, trail, "--json").out.splitlines())
    assert (as_json["outcome"], "accepted" in as_json) == (EDITED, False)


@pytest.mark.parametrize("since", ["1", "h", "-1h", "1w", "1h30m", "٣h"])
def test_a_time_that_is_none_is_refused(main: Main, trail: Trail, since: str) -> None:
    ended = asked(main, trail, f"--since={since}")
    assert ended.code == 2
    assert "--since: is a number and s, m, h or d, for example: 24h" in ended.err


def test_where_nothing_is_it_says_where_it_looked(main: Main, trail: Trail) -> None:
    assert asked(main, trail).out == f"There is no audit in {trail.directory}.\n"
    trail.change()
    said = f"Nothing to show of {trail.directory}, whose audit begins 2026-09-21T14:13:20.000Z.\n"
    assert asked(main, trail, "--tool", "other").out == said


def test_the_directory_is_the_option_then_the_setting_then_the_users(
    main: Main, trail: Trail, tmp_path: Path
) -> None:
    trail.change()
    (said,) = main("audit", "--json", FASTLY_MCP_STATE_DIR=str(trail.directory)).out.splitlines()
    assert json.loads(said)["tool"] == "purge_surrogate_key"
    other = main("audit", "--state-dir", "x", FASTLY_MCP_STATE_DIR=str(trail.directory))
    assert other.out == "There is no audit in x.\n"
    assert str(tmp_path) in main("audit").out
    assert not Path("x").exists()


# --verify


def test_verify_prints_the_head_and_what_it_is_worth(main: Main, trail: Trail) -> None:
    trail.change()
    head = trail.said[-1]["hash"]
    ended = asked(main, trail, "--verify")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"Lines 1 to 2 are there, unchanged, in 1 file of {trail.directory}."
    assert lines[1].startswith("No line has a key (FASTLY_MCP_AUDIT_KEY_FILE): whoever can write")
    assert lines[1].endswith("only a head kept elsewhere shows it (--head).")
    assert lines[2] == f"Head: 2:{head}"
    assert json.loads(asked(main, trail, "--verify", "--json").out) == {
        "lines": 2,
        "head": f"2:{head}",
        "key": "",
        "unkeyed": 2,
        "broken": [],
        "unsure": [],
        "torn": [],
    }


def test_verify_names_the_first_line_that_was_changed(main: Main, trail: Trail) -> None:
    for _ in range(30):
        trail.change()
    trail.rows = [row if n % 2 else b"x\n" for n, row in enumerate(trail.rows)]
    ended = asked(main, trail, "--verify")
    assert ended.code == 1
    assert ended.out.splitlines()[0] == "Line 1 (audit.jsonl:1) was changed."
    assert ended.out.splitlines()[20] == "and 10 more like these"
    assert "are there" not in ended.out
    assert len(json.loads(asked(main, trail, "--verify", "--json").out)["broken"]) == 30


def test_a_head_that_was_kept_is_compared_with_as_it_was_printed(main: Main, trail: Trail) -> None:
    trail.change()
    printed = asked(main, trail, "--verify").out.splitlines()[-1].removeprefix("Head: ")
    trail.change()
    later = json.loads(asked(main, trail, "--verify", "--json").out)["head"]
    for words in (["--verify", "--head", printed], ["--head", printed]):
        ended = asked(main, trail, *words)
        assert ended.code == 0
        assert ended.out.splitlines()[1] == "Line 2 is the one whose head was kept."
    trail.rows = trail.rows[:2]
    with trail.store.begin() as transaction:
        transaction.keep_head("file", Head(printed.partition(":")[2], 2))
    assert asked(main, trail, "--verify").code == 0
    cut = asked(main, trail, "--verify", "--head", later)
    assert cut.code == 1
    assert cut.out.splitlines()[0] == "Lines 3 to 4 were removed from the end."
    assert "are there" not in cut.out
    assert "whose head was kept" not in cut.out


@pytest.mark.parametrize("head", ["2", f"0:{'a' * 64}", f"2:{'A' * 64}", f"٢:{'a' * 64}", "2:a"])
def test_a_head_that_is_none_is_refused(main: Main, trail: Trail, head: str) -> None:
    ended = asked(main, trail, "--verify", "--head", head)
    assert ended.code == 2
    assert "--head: is a line's number, a colon and its hash, as --verify prints" in ended.err


def test_a_new_store_is_warned_of_and_breaks_nothing(main: Main, trail: Trail) -> None:
    trail.change()
    trail.lose_store()
    trail.change()
    said = "Line 3 was written beside a new store: what was cut off before it is not known."
    ended = asked(main, trail, "--verify")
    assert (ended.code, ended.out.splitlines()[0]) == (0, said)
    assert json.loads(asked(main, trail, "--verify", "--json").out)["unsure"] == [said]


def test_an_audit_on_standard_error_is_said_to_be_there(main: Main, trail: Trail) -> None:
    for words, code in (([], 0), (["--verify"], 1)):
        ended = asked(main, trail, *words, FASTLY_MCP_AUDIT="stderr")
        assert ended.code == code
        assert ended.out == (
            f"There is no audit in {trail.directory}: it goes to standard error "
            "(FASTLY_MCP_AUDIT), so look in the server's log.\n"
        )


def test_a_line_torn_by_a_crash_is_told_and_breaks_nothing(main: Main, trail: Trail) -> None:
    trail.change()
    with trail.file.open("ab") as file:
        file.write(b'{"n":3,')
    trail.change()
    ended = asked(main, trail, "--verify")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == (
        "audit.jsonl:3 was torn by a crash; the chain goes on after it."
    )


def test_a_cut_tail_a_missing_file_and_a_missing_store_are_found(main: Main, trail: Trail) -> None:
    trail.change()
    rows = trail.rows
    trail.rows = rows[:1]
    cut = asked(main, trail, "--verify")
    trail.file.unlink()
    missing = asked(main, trail, "--verify")
    trail.rows = rows
    trail.file.chmod(0o600)
    trail.lose_store()
    storeless = asked(main, trail, "--verify")
    trail.file.unlink()
    nothing = asked(main, trail, "--verify")
    assert [ended.code for ended in (cut, missing, storeless, nothing)] == [1, 1, 1, 1]
    assert "Line 2 was removed from the end." in cut.out
    assert "Lines 1 to 2 were removed from the end." in missing.out
    assert "The store knows no head" in storeless.out
    assert nothing.out == f"There is no audit in {trail.directory}.\n"
    assert list(trail.directory.iterdir()) == []


def test_the_key_is_read_from_its_file_and_a_wrong_one_is_told(
    main: Main, trail: Trail, tmp_path: Path
) -> None:
    file, wrong = tmp_path / "key", tmp_path / "wrong"
    for each, key in ((file, b"k" * 32), (wrong, b"w" * 32)):
        each.write_bytes(key)
        each.chmod(0o600)
    trail.change()
    keyed = Trail(trail.directory, key=b"k" * 32)
    keyed.change()
    right = asked(main, trail, "--verify", FASTLY_MCP_AUDIT_KEY_FILE=str(file))
    assert right.code == 0
    assert "Up to line 2 they were written before there was a key." in right.out
    assert "No line has a key" not in right.out
    assert "can cut lines off the end, and only a head kept elsewhere shows it" in right.out
    name = Seal(b"k" * 32).name
    for environ in ({}, {"FASTLY_MCP_AUDIT_KEY_FILE": str(wrong)}):
        ended = asked(main, trail, "--verify", **environ)
        assert ended.code == 1
        assert f"Line 3 (audit.jsonl:3) was written with the key {name}, and " in ended.out
    short = asked(main, trail, FASTLY_MCP_AUDIT_KEY_FILE=os.devnull)
    assert short.code == 2


@posix
def test_what_is_not_this_users_only_is_not_read(main: Main, trail: Trail, tmp_path: Path) -> None:
    trail.change()
    trail.file.chmod(0o644)
    for words in ([], ["--verify"]):
        ended = asked(main, trail, *words)
        assert (ended.code, ended.out) == (2, "")
        assert "audit.jsonl is open to others; it is not used." in ended.err
    link = tmp_path / "link"
    link.symlink_to(trail.directory)
    ended = main("audit", "--state-dir", str(link))
    assert (ended.code, ended.out) == (2, "")
    assert "is no directory" in ended.err


def test_a_store_of_no_use_is_told(main: Main, trail: Trail) -> None:
    trail.change()
    trail.store.close()
    for file in trail.directory.glob("store.sqlite-*"):
        file.unlink()
    (trail.directory / "store.sqlite").write_bytes(b"no database at all, and long enough" * 100)
    ended = asked(main, trail, "--verify")
    assert ended.code == 2
    assert "store.sqlite" in ended.err
    assert "Nothing was sent" not in ended.err


def test_a_directory_that_cannot_be_is_told(main: Main, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = main("audit", "--state-dir", str(tmp_path / "file" / "state"))
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be read (Not a directory)." in ended.err
