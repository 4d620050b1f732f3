"""Signatures: who signed an approval, with ssh-keygen itself."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError, GuardFailed, NotPermitted
from fastly_mcp.guard.approvals import Approvals
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.signatures import allowed_signers, known_signers, sign, signer, statement
from tests.guard.planned import NOW, keys, made
from tests.guard.signing import has_keygen, keygen, make_key, public
from tests.serving.processes import posix

pytestmark = [posix, has_keygen]

PLAN = made(keys("all"), needs_signature=True)
ANN = "ann@larkspur.example"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path, "ann")


@pytest.fixture
def approvers(tmp_path: Path, key: Path) -> Path:
    file = tmp_path / "allowed_signers"
    file.write_text(f"# who may approve\n{ANN} {public(key)}")
    return file


def signed(plan: Plan, signature: str) -> Plan:
    decision = Decision(approved=True, at=NOW, by="", how="signature", signature=signature)
    return replace(plan, decision=decision)


def test_an_approver_is_known_by_the_signature(key: Path, approvers: Path) -> None:
    assert signer(signed(PLAN, sign(PLAN, key)), approvers.read_bytes()) == ANN


def test_what_is_signed_is_the_digest_as_one_line() -> None:
    assert statement(PLAN) == f"{PLAN.digest}\n".encode()
    assert len(PLAN.digest) == 64


def test_of_several_names_of_a_key_it_is_the_first(key: Path, approvers: Path) -> None:
    approvers.write_text(f"{ANN},bob@larkspur.example {public(key)}")
    assert signer(signed(PLAN, sign(PLAN, key)), approvers.read_bytes()) == ANN


@pytest.mark.parametrize(
    "line",
    [
        "",
        '{ann} namespaces="git" {key}',
        '{ann} valid-before="20200101" {key}',
        "{ann} cert-authority {key}",
    ],
)
def test_approvers_are_limited_as_the_file_says(key: Path, approvers: Path, line: str) -> None:
    approvers.write_text(line.format(ann=ANN, key=public(key)))
    with pytest.raises(NotPermitted, match="signed by nobody who may approve here"):
        signer(signed(PLAN, sign(PLAN, key)), approvers.read_bytes())


def test_a_key_may_be_for_this_alone(key: Path, approvers: Path) -> None:
    approvers.write_text(f'{ANN} namespaces="fastly-mcp" {public(key)}')
    assert signer(signed(PLAN, sign(PLAN, key)), approvers.read_bytes()) == ANN


def test_a_strangers_signature_counts_for_nothing(tmp_path: Path, approvers: Path) -> None:
    stranger = make_key(tmp_path, "stranger")
    with pytest.raises(NotPermitted):
        signer(signed(PLAN, sign(PLAN, stranger)), approvers.read_bytes())


def test_a_signature_is_of_one_plan(key: Path, approvers: Path) -> None:
    for other in (replace(PLAN, code="AAAA-AAAA"), replace(PLAN, change=keys("site"))):
        with pytest.raises(NotPermitted):
            signer(signed(PLAN, sign(other, key)), approvers.read_bytes())


def test_a_signature_for_anything_else_counts_for_nothing(key: Path, approvers: Path) -> None:
    made_for_git = keygen("-q", "-Y", "sign", "-n", "git", "-f", str(key), stdin=statement(PLAN))
    with pytest.raises(NotPermitted):
        signer(signed(PLAN, made_for_git), approvers.read_bytes())


@pytest.mark.parametrize("text", ["", "yes", "-----BEGIN SSH SIGNATURE-----\n", "\u202e", "-f"])
def test_what_is_no_signature_counts_for_nothing(approvers: Path, text: str) -> None:
    with pytest.raises(NotPermitted):
        signer(signed(PLAN, text), approvers.read_bytes())
    with pytest.raises(NotPermitted):
        signer(PLAN, approvers.read_bytes())


def test_a_key_that_does_not_sign_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ssh-keygen made no signature"):
        sign(PLAN, tmp_path / "nothing")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(0o666, "others may write it"), (0o620, "others may write it"), (None, "cannot be read")],
)
def test_approvers_that_others_can_write_are_not_used(
    key: Path, approvers: Path, mode: int | None, reason: str
) -> None:
    plan, known = signed(PLAN, sign(PLAN, key)), known_signers(approvers)
    approvals = Approvals(None, approvers)
    if mode is None:
        approvers.unlink()
    else:
        approvers.chmod(mode)
    for use in (lambda: allowed_signers(approvers, known), lambda: approvals.verify(plan)):
        with pytest.raises(GuardFailed, match=rf"\(FASTLY_MCP_APPROVERS\) is not used: .*{reason}"):
            use()
    with pytest.raises(GuardFailed):
        Approvals(None, approvers).needs_signatures()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away"
)
def test_another_users_approvers_are_not_used(approvers: Path) -> None:
    os.chown(approvers, 12345, 12345)
    with pytest.raises(GuardFailed, match="belongs to another user"):
        allowed_signers(approvers, frozenset())


def test_approvers_that_are_set_but_empty_are_a_problem(approvers: Path) -> None:
    assert Settings.read({"FASTLY_MCP_APPROVERS": str(approvers)}).approvers == approvers
    assert Settings.read({}).approvers is None
    for value in ("", "${APPROVERS}"):
        assert Settings.read({"FASTLY_MCP_APPROVERS": value}).problems


def test_who_is_put_in_after_the_start_is_no_approver_and_who_is_taken_out_neither(
    tmp_path: Path, key: Path, approvers: Path
) -> None:
    approvals = Approvals(None, approvers)
    late = make_key(tmp_path, "late")
    with approvers.open("a") as file:
        file.write(f"boss@larkspur.example {public(late)}")
    approvals.verify(signed(PLAN, sign(PLAN, key)))
    with pytest.raises(NotPermitted, match="signed by nobody who may approve here"):
        approvals.verify(signed(PLAN, sign(PLAN, late)))
    approvers.write_text(f"boss@larkspur.example {public(late)}")
    for plan in (signed(PLAN, sign(PLAN, key)), signed(PLAN, sign(PLAN, late))):
        with pytest.raises(GuardFailed, match="no approver that this server started with"):
            approvals.verify(plan)


def test_a_pipe_is_no_list_of_approvers_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(GuardFailed, match="it is no plain file"):
        Approvals(None, pipe).needs_signatures()


def test_a_directory_is_no_list_of_approvers(tmp_path: Path) -> None:
    with pytest.raises(GuardFailed, match="is not used"):
        allowed_signers(tmp_path, frozenset())


def test_ssh_keygen_is_not_shown_the_fastly_token(
    tmp_path: Path, approvers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ssh-keygen"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("FASTLY_API_TOKEN", "a-secret-token")
    with pytest.raises(NotPermitted):
        signer(signed(PLAN, "x"), approvers.read_bytes())
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert "a-secret-token" not in seen


def test_without_ssh_keygen_nothing_is_approved(
    tmp_path: Path, approvers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(GuardFailed, match="ssh-keygen is not installed here"):
        signer(signed(PLAN, "x"), approvers.read_bytes())


def test_who_signed_is_sealed_into_the_decision(key: Path, approvers: Path) -> None:
    approvals = Approvals(None, approvers)
    decided = signed(PLAN, sign(PLAN, key))
    with pytest.raises(NotPermitted, match="changed meanwhile"):
        approvals.signed(decided)
    approvals.verify(decided)
    plan = approvals.signed(decided)
    assert plan.decision
    assert (plan.decision.by, plan.decision.how) == (ANN, "signature")
    assert plan.is_sealed(approvals.key)


def test_what_was_verified_is_used_once_and_as_it_was(key: Path, approvers: Path) -> None:
    approvals = Approvals(None, approvers)
    decided = signed(PLAN, sign(PLAN, key))
    for other in (signed(PLAN, "x"), signed(replace(PLAN, code="AAAA-AAAA"), sign(PLAN, key))):
        approvals.verify(decided)
        with pytest.raises(NotPermitted, match="changed meanwhile"):
            approvals.signed(other)
    approvals.verify(decided)
    approvals.signed(decided)
    with pytest.raises(NotPermitted, match="changed meanwhile"):
        approvals.signed(decided)
