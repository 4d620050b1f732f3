"""What the README promises a reader to find is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tests_that_check_a_claim_are_there() -> None:
    table = README[README.index("| claim | checked by |") : README.index("**Out of reach")]
    rows = [row for row in table.splitlines() if row.startswith("|")][2:]
    assert len(rows) >= 6
    for row in rows:
        place = ROOT
        named = re.findall(r"`((?:tests/\S*/)?)(test_\S+?\.py)`", row.rpartition(" | ")[2])
        assert named, row
        for folder, pattern in named:
            # A name without a folder is beside the one before.
            place = ROOT / folder if folder else place
            assert list(place.glob(pattern)), pattern


def test_every_setting_in_the_code_is_told() -> None:
    code = (ROOT / "fastly_mcp" / "config.py").read_text(encoding="utf-8")
    for name in set(re.findall(r"\"(FASTLY_[A-Z_]+)\"", code)):
        assert name in README, name
