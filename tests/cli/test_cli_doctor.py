"""fastly-mcp doctor: each finding, and the fix it names."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fastly_mcp.cli import doctor
from fastly_mcp.sandbox import create_app
from tests.cli.conftest import Main
from tests.serving.processes import posix
from tests.serving.upstream import CANARY, Upstream, address_of, nobody_connected, silence, upstream

LIVE = {"FASTLY_API_TOKEN": "sandbox-read-purge-select"}


@dataclass(frozen=True)
class Report:
    """What doctor found, by what it is about."""

    code: int
    findings: list[dict[str, str]]

    def about(self, about: str) -> dict[str, str]:
        (finding,) = [finding for finding in self.findings if finding["about"] == about]
        return finding

    def state(self, about: str) -> tuple[str, str]:
        finding = self.about(about)
        return finding["state"], finding["found"]

    @property
    def failures(self) -> list[str]:
        return [finding["about"] for finding in self.findings if finding["state"] == "failure"]


def examine(main: Main, *words: str, **environ: str) -> Report:
    ended = main("doctor", "--json", *words, **environ)
    assert ended.err == ""
    return Report(ended.code, json.loads(ended.out))


@pytest.fixture
def refused() -> Iterator[str]:
    """The address of a socket that takes no connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield address_of(bound)


def test_all_is_well_with_a_narrow_token(main: Main, fastly: Upstream) -> None:
    report = examine(main, **LIVE, FASTLY_API_ENDPOINT=fastly.url)
    assert report.code == 0
    for about, found in (
        ("settings", "understood"),
        ("endpoint", fastly.url),
        ("proxy", "none"),
        ("trust", "certificates load"),
        ("network", "Fastly answers"),
        ("clock", "agrees with Fastly's"),
        ("scopes", "global:read purge_select"),
        ("services", "all"),
        ("expiry", "in 59 days"),
        (
            "tools",
            (
                "get_account, search_api, read_api, check_edge, purge_url, purge_surrogate_key, "
                "list_services, get_service"
            ),
        ),
        ("approval", "what waits for a person: never"),
        ("audit", "to file"),
    ):
        assert report.state(about) == ("ok", found)
    withheld = [finding["found"] for finding in report.findings if finding["about"] == "withheld"]
    assert withheld == [
        "list_purges: off unless the operator adds the toolset audit (FASTLY_MCP_TOOLSETS)",
        "purge_all: the token lacks the scope purge_all (it has: global:read purge_select)",
        "write_api: off unless the operator adds the toolset write (FASTLY_MCP_TOOLSETS)",
    ]
    first = next(finding for finding in report.findings if finding["about"] == "token")
    assert first["state"] == "ok"
    assert first["found"].startswith("sandbox-read-purge-select (")


def test_a_person_reads_it_in_80_columns_with_the_fixes(main: Main) -> None:
    ended = main("doctor", "--sandbox")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[:2] == [
        "ok      settings  understood",
        "ok      endpoint  the embedded sandbox",
    ]
    at = lines.index("warning token     The token reaches all services")
    assert lines[at + 1] == "                  fix: Limit it to those it is for."
    assert max(len(line) for line in lines if "/" not in line) <= 80
    assert ended.out.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("token", "warned"),
    [
        ("sandbox", ["The token never expires", "The token has the scope global, which"]),
        ("sandbox-expiring", ["The token expires in 2 days"]),
        ("sandbox-read", ["The token reaches all services", "The token belongs to a person"]),
    ],
)
def test_a_token_is_warned_of(main: Main, fastly: Upstream, token: str, warned: list[str]) -> None:
    report = examine(main, FASTLY_API_TOKEN=token, FASTLY_API_ENDPOINT=fastly.url)
    assert report.code == 0
    warnings = [f for f in report.findings if f["state"] == "warning"]
    for warning in warned:
        (found,) = [f for f in warnings if f["found"].startswith(warning)]
        assert found["about"] == "token"
        assert not found["fix"][0].islower()


def test_the_services_of_a_token_are_counted(main: Main) -> None:
    report = examine(main, "--sandbox", FASTLY_API_TOKEN="sandbox-one-service")
    assert report.state("services") == ("ok", "1 listed")


def test_a_token_that_may_not_read_itself_goes_by_what_is_declared(main: Main) -> None:
    blind = {"FASTLY_API_TOKEN": "sandbox-blind"}
    declared = examine(main, "--sandbox", **blind, FASTLY_MCP_SCOPES="purge_select")
    assert declared.code == 0
    assert declared.state("token") == ("ok", "may not read itself; its scopes are as declared")
    assert declared.state("tools")[1] == "get_account, purge_url, purge_surrogate_key"
    undeclared = examine(main, "--sandbox", **blind)
    assert undeclared.failures == ["token"]
    assert "declare them in FASTLY_MCP_SCOPES" in undeclared.about("token")["fix"]


@pytest.mark.parametrize("token", ["sandbox-expired", "sandbox-unknown"])
def test_a_token_that_is_rejected_is_a_failure(main: Main, token: str) -> None:
    report = examine(main, "--sandbox", FASTLY_API_TOKEN=token)
    assert (report.code, report.failures) == (1, ["token"])
    assert report.about("token")["found"].startswith("Fastly rejects the token: 401")
    assert "create one with the scopes" in report.about("token")["fix"]
    assert report.state("tools") == ("ok", "get_account")
    assert report.state("network") == ("ok", "Fastly answers")


def test_no_token_is_a_failure_that_says_how_to_get_one(main: Main, fastly: Upstream) -> None:
    report = examine(main, FASTLY_API_ENDPOINT=fastly.url)
    assert (report.code, report.failures) == (1, ["token"])
    assert report.state("token") == ("failure", "No Fastly token is set")
    assert report.about("token")["fix"].startswith("In the Fastly control panel open Account")


@posix
def test_a_token_file_is_examined(main: Main, fastly: Upstream, home: Path) -> None:
    file = home / "token"
    file.write_text("sandbox-read")
    file.chmod(0o644)
    environ = {"FASTLY_API_TOKEN_FILE": str(file), "FASTLY_API_ENDPOINT": fastly.url}
    found = [finding["found"] for finding in examine(main, **environ).findings]
    assert "The token file can be read by others on this machine" in found
    file.chmod(0o600)
    found = [finding["found"] for finding in examine(main, **environ).findings]
    assert "The token file can be read by others on this machine" not in found
    file.unlink()
    gone = examine(main, **environ)
    assert gone.failures == ["token"]
    assert gone.state("token")[1].startswith("FASTLY_API_TOKEN_FILE cannot be read")
    assert gone.about("token")["fix"] == "Correct it and run doctor again."


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"FASTLY_MCP_READ_ONLY": "canary"}, ["FASTLY_MCP_READ_ONLY must be 1 or 0."]),
        (
            {"FASTLY_MCP_SCOPES": "", "FASTLY_MCP_TOOLSETS": "canary"},
            ["FASTLY_MCP_SCOPES is set but empty", "FASTLY_MCP_TOOLSETS names an unknown"],
        ),
        ({"FASTLY_MCP_HTTP_TOKEN": "canary"}, ["FASTLY_MCP_HTTP_TOKEN is shorter than 16"]),
    ],
)
def test_wrong_settings_are_each_a_failure_and_nothing_is_sent(
    main: Main, environ: dict[str, str], found: list[str]
) -> None:
    with silence() as listener:
        report = examine(main, **LIVE, FASTLY_API_ENDPOINT=address_of(listener), **environ)
        assert nobody_connected(listener)
    assert report.code == 1
    assert report.failures == ["settings"] * len(found) == [f["about"] for f in report.findings]
    for finding, start in zip(report.findings, found, strict=True):
        assert finding["found"].startswith(start)
        assert finding["fix"] == "Correct it and run doctor again."
        assert "canary" not in finding["found"]


def test_limits_are_named(main: Main) -> None:
    limits = {"FASTLY_MCP_READ_ONLY": "1", "FASTLY_MCP_DOMAINS": "www.larkspur.example"}
    report = examine(main, "--sandbox", **limits)
    assert report.state("settings") == (
        "ok",
        "understood; narrowed by FASTLY_MCP_READ_ONLY, FASTLY_MCP_DOMAINS",
    )
    why = "the operator of this server withholds it (FASTLY_MCP_READ_ONLY)"
    assert any(finding["found"].endswith(why) for finding in report.findings)


@posix
def test_approvers_that_are_not_to_be_trusted_are_a_failure(main: Main, tmp_path: Path) -> None:
    approvers = tmp_path / "allowed_signers"
    report = examine(main, "--sandbox", FASTLY_MCP_APPROVERS=str(approvers))
    assert (report.code, report.failures) == (1, ["state"])
    assert "(FASTLY_MCP_APPROVERS) is not used: it cannot be read" in report.state("state")[1]
    approvers.write_text("ann@larkspur.example ssh-ed25519 AAAA")
    approvers.chmod(0o600)
    environ = {"FASTLY_MCP_APPROVERS": str(approvers), "FASTLY_MCP_APPROVAL": "broad"}
    report = examine(main, "--sandbox", **environ)
    assert report.state("approval")[1].endswith("broad, signed by an approver")


@posix
def test_a_state_directory_that_others_can_open_is_told_with_the_way_out(
    main: Main, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    report = examine(main, "--sandbox", FASTLY_MCP_STATE_DIR=str(tmp_path))
    assert (report.code, report.failures) == (1, ["state"])
    assert f"run: chmod go= {tmp_path}" in report.state("state")[1].replace("Run", "run")


def test_a_network_that_fails_is_told_from_the_token(main: Main, refused: str) -> None:
    report = examine(main, **LIVE, FASTLY_API_ENDPOINT=refused)
    assert (report.code, report.failures) == (1, ["network", "token"])
    assert report.about("network")["found"].startswith("Fastly cannot be reached (")
    assert "onnect" in report.about("network")["found"]
    assert f"Let this machine connect to {refused}" in report.about("network")["fix"]
    assert report.state("token")[1].startswith("Fastly could not be asked what the token may do")


def test_a_network_that_hangs_is_given_up(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    with silence() as listener:
        report = examine(main, FASTLY_API_ENDPOINT=address_of(listener))
    assert report.state("network") == (
        "failure",
        "Fastly cannot be reached (no answer within 0.2 s)",
    )


def test_an_answer_that_drips_is_given_up(main: Main, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.3)

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            for _ in range(500):
                connection.sendall(b" ")
                connection.settimeout(0.01)
                with suppress(TimeoutError):
                    connection.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=drip, args=(listener,))
        server.start()
        report = examine(main, FASTLY_API_ENDPOINT=address_of(listener))
        server.join()
    assert report.state("network")[1] == "Fastly cannot be reached (no answer within 0.3 s)"


def test_a_wrong_certificate_store_names_its_variable(main: Main) -> None:
    report = examine(main, SSL_CERT_FILE="/no/such/canary.pem")
    assert report.failures == ["trust", "token"]
    assert report.state("trust")[1].startswith("SSL_CERT_FILE names a place that does not exist")
    assert report.about("trust")["fix"] == "Correct the variable it names."


def test_a_proxy_is_named_without_its_address(main: Main) -> None:
    report = examine(main, "--sandbox", https_proxy="http://user:canary@127.0.0.1:1")
    assert report.state("proxy") == ("ok", "from HTTPS_PROXY")


@pytest.mark.parametrize(
    ("off", "state", "found"),
    [
        (timedelta(seconds=30), "ok", "agrees with Fastly's"),
        (timedelta(hours=-1), "warning", r"36\d\d s off Fastly's"),
        (timedelta(days=1), "warning", r"86[34]\d\d s off Fastly's"),
    ],
)
def test_the_clock_is_held_against_fastlys(
    main: Main, off: timedelta, state: str, found: str
) -> None:
    with upstream() as skewed:
        skewed.app = create_app(now=lambda: datetime.now(UTC) + off)
        report = examine(main, **LIVE, FASTLY_API_ENDPOINT=skewed.url)
    assert report.code == 0
    assert report.about("clock")["state"] == state
    assert re.fullmatch(found, report.about("clock")["found"])


@pytest.mark.parametrize("date", ["", "yesterday", "32 Jan 2026"])
def test_an_answer_without_a_date_tells_nothing_of_the_clock(date: str) -> None:
    assert doctor._clock(date).state == "warning"


@posix
def test_the_fastly_clis_token_is_pointed_to_and_not_read(main: Main, home: Path) -> None:
    for place in (".config", "Library/Application Support"):
        config = home / place / "fastly" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'[profile.user]\ntoken = "{CANARY}"\n')
    ended = main("doctor", "--sandbox", FASTLY_API_TOKEN="sandbox-unknown")
    assert ended.code == 1
    line = '                  FASTLY_API_TOKEN="$(fastly auth token)" fastly-mcp doctor\n'
    assert ended.out.endswith(line)
    assert CANARY not in ended.out
    # A token that works needs no other.
    assert "fastly auth token" not in main("doctor", "--sandbox").out
