"""The official conformance suites against this server: `python -m tests.conformance INSTALLED`.

INSTALLED is where tests/interop/package.json is installed; Node 22 is on the PATH. What may fail is
in the .yml files beside this: scenarios about fixtures (tools, prompts and resources with certain
names) that no production server has. A failure that is not listed there fails the run, and so does
a listed one that passes.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.interop.serving import served

HERE = Path(__file__).parent
# Frozen sets of what a revision of the protocol requires, and everything of the older release.
SUITES = {
    "2025-11-25": ("conformance-0.2", "--requirements", "2025-11-25"),
    "2026-07-28": ("conformance-0.2", "--requirements", "2026-07-28"),
    "2025-11-25-all": ("conformance-0.1", "--suite", "all"),
    # Not in the frozen sets, but it needs no fixture.
    "headers": ("conformance-0.2", "--scenario", "http-header-validation"),
}
OUTCOME = re.compile(r"^([✓✗]) (\S+): (\d+) passed", re.MULTILINE)
COLOURS = re.compile(r"\x1b\[\d*m")


def run(name: str, url: str, installed: Path) -> bool:
    """Run one suite, show what passed, and everything if it failed."""
    package, *options = SUITES[name]
    program = installed / "node_modules" / package / "dist/index.js"
    expected, listed = HERE / f"{name}.yml", ""
    if expected.exists():
        options += ["--expected-failures", str(expected)]
        listed = expected.read_text(encoding="utf-8")
    done = subprocess.run(
        ["node", program, "server", "--url", f"{url}/mcp", *options],
        cwd=installed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = COLOURS.sub("", done.stdout)
    print(f"\n{package} {' '.join(options[:2])}: {'ok' if not done.returncode else 'FAILED'}")
    for sign, scenario, checks in OUTCOME.findall(said):
        # Of some scenarios only single checks are listed; the others passed.
        if int(checks) and (sign == "✓" or f"- {scenario}:" in listed):
            print(f"  passed {scenario} ({checks} checks)")
    if done.returncode:
        print(said.partition("=== SUMMARY ===")[2] or said, done.stderr, sep="\n")
    return not done.returncode


def main(installed: Path) -> int:
    with served() as url:
        good = [run(name, url, installed) for name in SUITES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
