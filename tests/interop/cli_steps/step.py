"""One step with the Fastly CLI: a command line, and what has to come of it."""

import json
import re
import shlex
from dataclasses import dataclass
from string import Template
from textwrap import shorten
from typing import Any

Kept = dict[str, str]


@dataclass(frozen=True)
class Step:
    """`$name`, in the command and in what its JSON holds, is what an earlier step has kept."""

    command: str
    says: str = ""
    """A pattern for its output; what named groups match is kept."""
    json: Any = None
    """What its JSON holds: some fields of an object, some elements of a list."""
    rc: int = 0
    token: str = "sandbox"

    @property
    def name(self) -> str:
        who = "" if self.token == "sandbox" else f" as {self.token}"
        command = shorten(self.command, 120, placeholder=" …")
        return f"fastly {command}{who}{' is refused' if self.rc else ''}"

    def words(self, kept: Kept) -> list[str]:
        """The command's words. Raises KeyError for a name that nothing has kept."""
        return [Template(word).substitute(kept) for word in shlex.split(self.command)]

    def fault(self, rc: int, output: str, kept: Kept) -> str:
        """What is wrong with a command's end, or nothing."""
        # With an error comes the usage of the command.
        told = " ".join(output[max(0, output.find("ERROR: ")) :].split())
        if rc != self.rc:
            return f"exit code {rc}: {told}"
        found = re.search(self.says, output, re.DOTALL)
        if found is None:
            return f"does not say {self.says!r}: {told}"
        kept |= found.groupdict()
        return "" if self.json is None else lack(json.loads(output), filled(self.json, kept))


def filled(wanted: Any, kept: Kept) -> Any:
    """The same with every `$name` in it replaced."""
    match wanted:
        case str():
            return Template(wanted).safe_substitute(kept)
        case dict():
            return {key: filled(value, kept) for key, value in wanted.items()}
        case list():
            return [filled(value, kept) for value in wanted]
    return wanted


def lack(got: Any, wanted: Any, at: str = "its JSON") -> str:
    """What is wanted and not there, or nothing; an empty list is wanted empty."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        faults = (lack(got.get(key), value, f"{at}.{key}") for key, value in wanted.items())
        return next(filter(None, faults), "")
    if isinstance(wanted, list) and wanted and isinstance(got, list):
        for each in wanted:
            if all(lack(other, each) for other in got):
                return f"{at} has no {each!r}, but {got!r}"
        return ""
    # 1 and true are equal for Python, and are not in JSON.
    same = type(got) is type(wanted) and got == wanted
    return "" if same else f"{at} is {got!r}, not {wanted!r}"
