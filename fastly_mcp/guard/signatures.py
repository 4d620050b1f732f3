"""Signatures: approvals that count only if an approver's SSH key signed them."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fastly_mcp.errors import ConfigError, GuardFailed, NotPermitted
from fastly_mcp.guard.plans import Plan

NAMESPACE = "fastly-mcp"
"""What the key signs for, so that no signature made for anything else counts."""
WAIT = 5.0  # seconds for a verification
LONGEST = 65536  # bytes of a signature; with certificates they have a few thousand


def statement(plan: Plan) -> bytes:
    """Return what is signed: the plan's digest, as one line."""
    return f"{plan.digest}\n".encode()


def sign(plan: Plan, key: Path) -> str:
    """Return a signature with a key that may ask at the terminal for a passphrase or a touch.

    Raises ConfigError if there is none.
    """
    signed = _keygen("sign", "-f", str(key), "-n", NAMESPACE, stdin=statement(plan), errors=None)
    if signed.returncode or not signed.stdout:
        raise ConfigError(f"ssh-keygen made no signature with {key}.")
    return signed.stdout.decode()


def read_signature(file: Path) -> str:
    """Return the signature in a file. Raises ConfigError if it cannot be one."""
    try:
        with file.open(encoding="ascii") as opened:
            text = opened.read(LONGEST)
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.startswith("-----BEGIN SSH SIGNATURE-----"):
        raise ConfigError(f"{file} holds no signature of ssh-keygen.")
    return text


def known_signers(file: Path) -> frozenset[bytes]:
    """Return the lines of approvers as they are now; none if the file is not to be trusted."""
    try:
        return frozenset(_lines(file))
    except GuardFailed:
        return frozenset()


def allowed_signers(file: Path, known: frozenset[bytes]) -> bytes:
    """Return the approvers and their keys, of those that were `known` when the server started.

    Who can write the file can take approvers out of it at once, and put none in. Raises
    GuardFailed with the reason if it is not to be trusted, or none is left.
    """
    left = [line for line in _lines(file) if line in known]
    if not left:
        raise GuardFailed(_unusable(file, "it has no approver that this server started with"))
    return b"".join(left)


def _lines(file: Path) -> list[bytes]:
    why, text = "", b""
    try:
        # Opening a pipe would wait for its other end.
        if stat.S_ISREG(file.stat().st_mode):
            with file.open("rb") as opened:
                found, text = os.fstat(opened.fileno()), opened.read()
        else:
            found = file.stat()
    except OSError as error:
        raise GuardFailed(_unusable(file, f"it cannot be read ({error.strerror})")) from None
    if not stat.S_ISREG(found.st_mode):
        why = "it is no plain file"
    elif sys.platform != "win32" and found.st_uid not in {0, os.geteuid()}:
        why = f"it belongs to another user (uid {found.st_uid})"
    elif sys.platform != "win32" and found.st_mode & 0o022:
        why = f"others may write it; run: chmod go-w {file}"
    if why:
        raise GuardFailed(_unusable(file, why))
    lines = (line.strip() for line in text.splitlines())
    return [line + b"\n" for line in lines if line and not line.startswith(b"#")]


def signer(plan: Plan, approvers: bytes) -> str:
    """Return which of the approvers signed a plan's approval.

    Raises NotPermitted if none did, GuardFailed if that cannot be found out.
    """
    decision = plan.decision
    with TemporaryDirectory(prefix="fastly-mcp-") as directory:
        allowed, signature = Path(directory, "allowed_signers"), Path(directory, "signature")
        allowed.write_bytes(approvers)
        signature.write_text(decision.signature if decision else "", encoding="utf-8")
        files = ("-f", str(allowed), "-s", str(signature))
        found = _keygen("find-principals", *files)
        for identity in found.stdout.decode(errors="replace").replace("\n", ",").split(","):
            verify = ("verify", *files, "-n", NAMESPACE, "-I", identity)
            if identity and not _keygen(*verify, stdin=statement(plan)).returncode:
                return identity
    raise NotPermitted(
        "This approval is signed by nobody who may approve here (FASTLY_MCP_APPROVERS): call again "
        "without approval to ask anew. Nothing was sent."
    )


def _keygen(
    what: str, *words: str, stdin: bytes = b"", errors: int | None = subprocess.DEVNULL
) -> "subprocess.CompletedProcess[bytes]":
    # It has no need of a Fastly token that may be among the variables.
    environ = {key: text for key, text in os.environ.items() if not key.startswith("FASTLY_")}
    try:
        return subprocess.run(  # noqa: S603  # no shell, and each word is one argument
            ["ssh-keygen", "-Y", what, *words],  # noqa: S607  # the system's, wherever that is
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environ,
            timeout=WAIT if errors is not None else None,
            check=False,
        )
    except FileNotFoundError:
        raise GuardFailed("ssh-keygen is not installed here.") from None
    except subprocess.TimeoutExpired:
        raise GuardFailed(f"ssh-keygen took longer than {WAIT:g} s.") from None


def _unusable(file: Path, why: str) -> str:
    return f"{file} (FASTLY_MCP_APPROVERS) is not used: {why}."
