"""SSH keys of approvers, made by ssh-keygen itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

has_keygen = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


def make_key(directory: Path, name: str) -> Path:
    key = directory / name
    keygen("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key))
    return key


def public(key: Path) -> str:
    return key.with_name(f"{key.name}.pub").read_text()


def keygen(*words: str, stdin: bytes = b"") -> str:
    command = ["ssh-keygen", *words]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout.decode()
