"""The state directory: for one user only."""

import os
import sys
from pathlib import Path

import pytest

from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.state_dir import default_state_dir, prepared
from tests.serving.processes import posix, run

pytestmark = posix


def test_it_is_made_for_this_user_only(tmp_path: Path) -> None:
    directory = tmp_path / "some" / "where"
    assert prepared(directory) == directory
    assert directory.stat().st_mode & 0o777 == 0o700
    assert prepared(directory) == directory


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    for target in ("there", "nowhere"):
        link = tmp_path / f"to-{target}"
        link.symlink_to(tmp_path / target)
        with pytest.raises(ConfigError):
            prepared(link)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o600)
    with pytest.raises(ConfigError):
        prepared(tmp_path / "file")


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o720, 0o750, 0o755, 0o777])
def test_one_that_is_open_to_others_is_refused_with_how_to_mend_it(
    tmp_path: Path, mode: int
) -> None:
    directory = prepared(tmp_path / "state")
    directory.chmod(mode)
    with pytest.raises(ConfigError, match=r"is open to others; it is not used\. Run: chmod go= "):
        prepared(directory)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root gives directories away"
)
def test_another_users_is_refused(tmp_path: Path) -> None:
    directory = prepared(tmp_path / "state")
    os.chown(directory, 12345, 12345)
    with pytest.raises(ConfigError, match=r"belongs to another user \(uid 12345\)"):
        prepared(directory)


def test_one_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"The state directory .*: Not a directory\."):
        prepared(tmp_path / "file" / "state")


def test_the_sandbox_has_another_one_than_fastly() -> None:
    assert default_state_dir(sandbox=True) != default_state_dir()


def test_commands_refuse_one_that_is_not_to_be_trusted(tmp_path: Path) -> None:
    directory = prepared(tmp_path / "state")
    directory.chmod(0o755)
    for command in ("approvals", "freeze"):
        ended = run(command, "--state-dir", str(directory), home=tmp_path)
        assert ended.returncode == 2
        assert "is open to others" in ended.stderr
        assert "Traceback" not in ended.stderr
