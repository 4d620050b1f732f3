"""Who may call over HTTP: where the secrets come from, and who shows the right one."""

import hashlib
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.callers import Callers, from_settings, minted
from tests.serving.processes import posix

SECRET = "a-secret-of-some-length"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
OTHER = hashlib.sha256(b"another secret altogether").hexdigest()


def callers_of(**environ: str) -> Callers | None:
    return from_settings(
        Settings.read({f"FASTLY_MCP_HTTP_{name}": value for name, value in environ.items()})
    )


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (f"Bearer {SECRET}", "default"),
        (f"bearer {SECRET}", "default"),
        (f"BEARER  {SECRET} ", "default"),
        (f"Bearer {SECRET}x", None),
        (f"Bearer {SECRET[:-1]}", None),
        (f"Bearer {SECRET.upper()}", None),
        (f"Bearer {DIGEST}", None),
        (f"Basic {SECRET}", None),
        (f"Bearer\t{SECRET}", None),
        (SECRET, None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        ("Bearer \udcff", None),
    ],
)
def test_only_a_bearer_with_the_secret_has_a_name(header: str, name: str | None) -> None:
    callers = callers_of(TOKEN=SECRET)
    assert callers
    assert callers.name(header) == name


def test_nobody_has_a_name_when_nothing_is_set() -> None:
    assert callers_of() is None


def test_the_secret_is_not_kept_nor_shown() -> None:
    callers = callers_of(TOKEN=SECRET)
    assert callers == Callers({"default": DIGEST})
    assert repr(callers) == "Callers(…)"


def test_a_secret_is_read_from_its_file(home: Path) -> None:
    file = home / "secret"
    file.write_text(f"  {SECRET}\n")
    assert callers_of(TOKEN_FILE=str(file)) == Callers({"default": DIGEST})


def test_callers_have_the_names_of_the_tokens_file(home: Path) -> None:
    file = home / "tokens"
    file.write_text(f"# who\n\nalice {DIGEST}\n  # and\nbob@ci.example   {OTHER.upper()}  \n")
    callers = callers_of(TOKENS_FILE=str(file))
    assert callers
    assert callers.digests == {"alice": DIGEST, "bob@ci.example": OTHER}
    assert callers.name(f"Bearer {SECRET}") == "alice"
    assert callers.name("Bearer another secret altogether") == "bob@ci.example"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "names no caller"),
        ("# nobody\n", "names no caller"),
        (f"{DIGEST}\n", "Line 1 of"),
        (f"# one\nalice {SECRET}\n", "Line 2 of"),
        (f"alice {DIGEST[:-1]}\n", "Line 1 of"),
        (f"alice {DIGEST} admin\n", "Line 1 of"),
        (f"a/b {DIGEST}\n", "Line 1 of"),
        (f"alice {DIGEST}\nalice {OTHER}\n", "Line 2 of"),
    ],
)
def test_a_bad_tokens_file_is_named_by_its_line(home: Path, content: str, problem: str) -> None:
    file = home / "tokens"
    file.write_text(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        callers_of(TOKENS_FILE=str(file))
    assert "FASTLY_MCP_HTTP_TOKENS_FILE" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert DIGEST[:-1] not in str(caught.value)


@pytest.mark.parametrize("variable", ["TOKEN_FILE", "TOKENS_FILE"])
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.absolute, "No such file"),
        (lambda path: path.write_bytes(b"\xff\xfe\xff"), "it is not text"),
    ],
    ids=["missing", "binary"],
)
def test_a_file_that_cannot_be_read_is_named(
    home: Path, variable: str, make: Callable[[Path], object], why: str
) -> None:
    file = home / "file"
    make(file)
    with pytest.raises(ConfigError, match=f"FASTLY_MCP_HTTP_{variable} cannot be read .{why}"):
        callers_of(**{variable: str(file)})


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        ("fifteen-letters", "shorter than 16"),
        ("not-quite-áscii-secret", "no header carries"),
        ("a secret with spaces in", "no header carries"),
    ],
)
def test_a_poor_secret_is_refused_with_the_rule(home: Path, secret: str, rule: str) -> None:
    file = home / "secret"
    file.write_text(secret, encoding="utf-8")
    for environ in ({"TOKEN": secret}, {"TOKEN_FILE": str(file)}):
        with pytest.raises(ConfigError, match=rule) as caught:
            callers_of(**environ)
        assert f"FASTLY_MCP_HTTP_{next(iter(environ))} " in str(caught.value)
        assert secret not in str(caught.value)


def test_sixteen_characters_are_enough() -> None:
    assert callers_of(TOKEN="x" * 16)


@pytest.mark.parametrize(
    "ways",
    [("TOKEN", "TOKEN_FILE"), ("TOKEN", "TOKENS_FILE"), ("TOKEN_FILE", "TOKENS_FILE")],
)
def test_two_ways_at_once_are_refused(ways: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        callers_of(**dict.fromkeys(ways, SECRET))


def test_a_secret_is_made_once_and_kept(home: Path) -> None:
    file = home / "state" / "fastly-mcp" / "http-token"
    callers, secret = minted(file)
    assert callers.name(f"Bearer {secret}") == "default"
    assert len(secret) >= 40
    assert file.read_text() == secret + "\n"
    assert minted(file) == (callers, secret)


@posix
def test_a_made_secret_is_its_owners_alone(home: Path) -> None:
    file = home / "state" / "fastly-mcp" / "http-token"
    minted(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_made_secret_others_can_reach_is_refused(home: Path, mode: int) -> None:
    file = home / "http-token"
    minted(file)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="is open to others; delete it"):
        minted(file)


@posix
def test_a_made_secret_is_not_read_through_a_link(home: Path) -> None:
    target, file = home / "elsewhere", home / "http-token"
    target.write_text(SECRET)
    target.chmod(0o600)
    file.symlink_to(target)
    with pytest.raises(ConfigError, match="is not a regular file"):
        minted(file)
    target.unlink()
    with pytest.raises(ConfigError, match="is not a regular file"):
        minted(file)
    assert not target.exists()


def test_a_made_secret_that_cannot_be_kept_names_the_way_out(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be used .*; set FASTLY_MCP_HTTP_TOKEN"):
        minted(home / "file" / "http-token")
    (home / "http-token").write_bytes(b"\xff" * 40)
    (home / "http-token").chmod(0o600)
    with pytest.raises(ConfigError, match="it is not text"):
        minted(home / "http-token")
    (home / "http-token").write_text("short")
    with pytest.raises(ConfigError, match="delete it, and a new one is made"):
        minted(home / "http-token")


def test_processes_that_start_at_once_agree_on_one_secret(home: Path) -> None:
    for number in range(20):
        file = home / str(number) / "http-token"
        with ThreadPoolExecutor(4) as starting:
            made = list(starting.map(lambda _, file=file: minted(file)[1], range(4)))
        assert len(set(made)) == 1
        assert [path.name for path in file.parent.iterdir()] == ["http-token"]
