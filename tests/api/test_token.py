"""The token comes from a variable, or from a file that may be rotated at any moment."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastly_mcp.api.token import LARGEST_FILE, TokenSource
from fastly_mcp.errors import ConfigError
from tests.api.wire import CANARY

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    write(file, "first")
    return file


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def current(source: TokenSource) -> str | None:
    token = source.current()
    return token.get_secret_value() if token else None


def refusal(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        TokenSource(file=file).current()
    assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r}"
    return str(caught.value)


def replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    write(new, text)
    new.replace(file)


def test_no_token_is_none() -> None:
    assert TokenSource().current() is None


def test_a_variable_is_taken_as_it_is() -> None:
    assert current(TokenSource("sandbox")) == "sandbox"
    assert TokenSource("sandbox").warnings() == []


@pytest.mark.parametrize("rotate", [replace, write], ids=["replaced", "in place"])
@pytest.mark.parametrize("after", ["second", "other", "a-longer-one"])
def test_a_rotated_file_needs_no_restart(
    file: Path, rotate: Callable[[Path, str], None], after: str
) -> None:
    source = TokenSource(file=file)
    assert current(source) == "first"
    rotate(file, f"  {after}\r\n")
    assert current(source) == after


@posix
def test_a_rotation_of_the_same_size_at_the_same_time_is_seen(file: Path) -> None:
    source = TokenSource(file=file)
    before = file.stat()
    assert current(source) == "first"
    write(file, "other")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert current(source) == "other"


@posix
def test_a_swapped_symlink_is_seen(tmp_path: Path) -> None:
    # As Kubernetes does it: token -> ..data/token, and ..data is swapped.
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        write(tmp_path / number / "token", f"token{number}")
    data, file = tmp_path / "..data", tmp_path / "token"
    data.symlink_to("1")
    file.symlink_to("..data/token")
    source = TokenSource(file=file)
    assert current(source) == "token1"
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").replace(data)
    assert current(source) == "token2"


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_a_file_that_is_empty_in_mid_rotation_keeps_the_old_token(file: Path, nothing: str) -> None:
    source = TokenSource(file=file)
    assert current(source) == "first"
    write(file, nothing)
    assert current(source) == "first"
    write(file, "second")
    assert current(source) == "second"


def test_a_file_that_is_empty_at_the_start_is_refused_until_it_is_filled(file: Path) -> None:
    write(file, "\n")
    source = TokenSource(file=file)
    with pytest.raises(ConfigError, match="FASTLY_API_TOKEN_FILE is empty"):
        source.current()
    write(file, "second")
    assert current(source) == "second"


def test_a_missing_file_is_named_by_its_setting(tmp_path: Path) -> None:
    said = refusal(tmp_path / CANARY)
    assert said == "FASTLY_API_TOKEN_FILE cannot be read (No such file or directory)."
    assert TokenSource(file=tmp_path / CANARY).warnings() == []


def test_a_file_that_comes_back_is_read_again(file: Path) -> None:
    source = TokenSource(file=file)
    file.unlink()
    with pytest.raises(ConfigError):
        source.current()
    write(file, "second")
    assert current(source) == "second"


@posix
def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "FASTLY_API_TOKEN_FILE is not a regular file."


@posix
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(device: str) -> None:
    assert refusal(Path(device)) == "FASTLY_API_TOKEN_FILE is not a regular file."


@posix
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "FASTLY_API_TOKEN_FILE is not a regular file."


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_a_regular_file_that_cannot_be_read_is_refused() -> None:
    assert refusal(Path("/proc/self/mem")) == (
        "FASTLY_API_TOKEN_FILE cannot be read (Input/output error)."
    )


def test_4_kib_are_read_and_more_are_refused(file: Path) -> None:
    write(file, "a" * LARGEST_FILE)
    assert current(TokenSource(file=file)) == "a" * 4096
    write(file, CANARY + "a" * LARGEST_FILE)
    assert refusal(file) == "FASTLY_API_TOKEN_FILE holds more than 4096 bytes."


BAD = [
    f"{CANARY} x",
    f"{CANARY}\nx",
    f"{CANARY}\0",
    f"{CANARY}ü",
    f"\u200b{CANARY}",
    f"a\t{CANARY}",
]


@pytest.mark.parametrize("bad", BAD)
def test_white_space_and_symbols_are_refused_without_the_value(file: Path, bad: str) -> None:
    write(file, bad)
    rule = "holds something that is no token: white space or a symbol."
    assert refusal(file) == f"FASTLY_API_TOKEN_FILE {rule}"
    with pytest.raises(ConfigError) as caught:
        TokenSource(bad)
    assert str(caught.value) == f"FASTLY_API_TOKEN {rule}"


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(CANARY.encode("utf-16"))
    assert "holds something that is no token" in refusal(file)


def test_a_byte_order_mark_is_no_part_of_the_token(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfsandbox\r\n")
    assert current(TokenSource(file=file)) == "sandbox"


@posix
@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_a_file_that_others_can_read_is_warned_of(file: Path, mode: int, warned: bool) -> None:
    file.chmod(mode)
    warnings = TokenSource(file=file).warnings()
    assert bool(warnings) is warned
    assert all("chmod 600" in warning for warning in warnings)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_token_is_never_shown(file: Path) -> None:
    write(file, CANARY)
    for source in (TokenSource(CANARY), TokenSource(file=file)):
        token = source.current()
        assert CANARY not in f"{source!r} {source} {token!r} {token}"


@posix
def test_reading_leaves_no_file_open(file: Path, tmp_path: Path) -> None:
    open_files = Path("/proc/self/fd")
    if not open_files.exists():
        pytest.skip("needs /proc")
    before = len(list(open_files.iterdir()))
    for path in (file, tmp_path, tmp_path / "none", Path("/proc/self/mem")):
        for _ in range(5):
            try:
                TokenSource(file=path).current()
            except ConfigError:
                continue
    assert len(list(open_files.iterdir())) == before
