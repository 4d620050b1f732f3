"""fastly-mcp demo: all steps as they should, readable, honest when they are not."""

import os
import re
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from fastly_mcp.cli import demo
from fastly_mcp.sandbox import create_app
from tests.cli.conftest import Main
from tests.serving.processes import Process, posix, run

STEPS = 8


def test_every_step_comes_out_as_it_should(home: Path) -> None:
    done = run("demo", home=home)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line for line in lines if re.match(r"\d\. ", line)] == [
        line for line in lines if line.startswith(tuple(f"{n}. " for n in range(1, STEPS + 1)))
    ]
    assert lines.count("   ok") == STEPS
    assert "FAILED" not in done.stdout
    assert "   edge before [####################] fresh at 20 POPs" in lines
    assert "   edge after  [....................] absent at 20 POPs" in lines
    assert "   edge after  [ssssssssssssssssssss] stale at 20 POPs" in lines
    assert lines.count("   | Purge EVERYTHING this service has cached, at once.") == 1
    assert "   asked again, the person says yes: accepted 1" in lines
    assert "   it sees get_account, search_api, read_api, check_edge, list_services," in lines
    assert lines[-1].startswith("Everything came out as it should.")


def test_it_is_readable_in_80_columns_and_plain_when_piped(main: Main) -> None:
    out = main("demo").out
    assert max(map(len, out.splitlines())) <= 80
    assert out.replace("\n", "").isprintable()


@posix
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}])
def test_it_is_coloured_on_a_terminal_only_where_wanted(
    home: Path, environ: dict[str, str]
) -> None:
    theirs, ours = os.openpty()

    class OnTerminal(Process):
        stdout = ours

    try:
        with OnTerminal("demo", home=home, **environ):
            said = b""
            while b"Everything came out" not in said:
                said += os.read(theirs, 65536)
    finally:
        os.close(theirs)
        os.close(ours)
    assert (b"\x1b[32m   ok\x1b[0m" in said) == (not environ)
    assert (b"\x1b" in said) == (not environ)


class Wrong:
    """A sandbox in which a request comes out in another way."""

    def __init__(self, asked: str, status: int) -> None:
        self.app = create_app()
        self.asked = asked
        self.status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if f"{scope['method']} {scope['path']}".startswith(self.asked):
            answer = JSONResponse({"status": "ok", "id": "1-2-3"}, self.status)
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@pytest.mark.parametrize(
    ("asked", "status", "shown"),
    [
        ("POST /purge/", 200, "edge after  [####################] fresh at 20 POPs"),
        ("POST /purge/", 403, "The service's own VCL or ACL refuses"),
        ("POST /service", 400, "Fastly answered 400"),
        ("GET /service", 403, "Fastly answered 403"),
        ("POST /_sandbox/request", 200, "edge before [####################]"),
    ],
)
def test_a_step_that_comes_out_wrong_is_said_and_ends_it_with_1(
    capsys: pytest.CaptureFixture[str], asked: str, status: int, shown: str
) -> None:
    assert demo.play(Wrong(asked, status)) == 1
    out, err = capsys.readouterr()
    assert shown in out
    assert out.count("   FAILED\n") >= 1
    assert re.search(r"\n\d of \d steps did not come out as they should\.\n", out)
    assert "Everything came" not in out
    assert err == ""
