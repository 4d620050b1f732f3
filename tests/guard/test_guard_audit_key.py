"""Which file may hold the audit's key."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.audit import read_key
from tests.serving.processes import posix


def test_a_key_is_all_bytes_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\n" * 32)
    file.chmod(0o600)
    link = tmp_path / "mounted"
    link.symlink_to(file)
    assert read_key(file) == read_key(link) == b"\n" * 32


@posix
@pytest.mark.parametrize("owner", [0, 12345])
@pytest.mark.parametrize("mode", [0o400, 0o440, 0o640, 0o600])
def test_a_key_may_be_mounted_as_roots_and_readable_to_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, mode: int
) -> None:
    file = key_file(tmp_path, mode)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "fstat", owned_by(owner, os.fstat))
    assert read_key(file) == b"k" * 32


@posix
@pytest.mark.parametrize("mode", [0o604, 0o644, 0o444, 0o660, 0o620, 0o602, 0o601])
def test_a_key_that_others_can_read_or_its_group_can_write_is_refused(
    tmp_path: Path, mode: int
) -> None:
    file = key_file(tmp_path, mode)
    said = rf"is open to others, or its group can write it.* Run: chmod g-w,o= {file} "
    with pytest.raises(ConfigError, match=said):
        read_key(file)
    file.chmod(mode & ~0o027)
    assert read_key(file)


@posix
def test_another_users_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = key_file(tmp_path, 0o440)
    monkeypatch.setattr(os, "fstat", owned_by(12345, os.fstat))
    said = rf"belongs to another user \(uid 12345\).* Run: chown {os.geteuid()} {file}"
    with pytest.raises(ConfigError, match=said):
        read_key(file)


@posix
def test_a_key_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(ConfigError, match="is no plain file"):
        read_key(tmp_path / "key")


def key_file(directory: Path, mode: int) -> Path:
    file = directory / "key"
    file.write_bytes(b"k" * 32)
    file.chmod(mode)
    return file


def owned_by(owner: int, real: Callable[[int], os.stat_result]) -> Callable[[int], os.stat_result]:
    """What os.fstat says of a file that is somebody else's; only root can give one away."""

    def fstat(descriptor: int) -> os.stat_result:
        found = list(real(descriptor))
        found[stat.ST_UID] = owner
        return os.stat_result(found)

    return fstat


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"k" * 31, 0o600, "FASTLY_MCP_AUDIT_KEY_FILE holds less than 32 bytes."),
        (None, 0, r"FASTLY_MCP_AUDIT_KEY_FILE cannot be read \(No such file or directory\)\."),
    ],
)
def test_a_key_of_no_use_is_refused(
    tmp_path: Path, content: bytes | None, mode: int, said: str
) -> None:
    file = tmp_path / "key"
    if content:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(ConfigError, match=said) as raised:
        read_key(file)
    assert "kkk" not in str(raised.value)
