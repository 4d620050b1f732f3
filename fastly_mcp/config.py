"""Settings, read once from the environment."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from fastly_mcp import scopes
from fastly_mcp.endpoint import FASTLY, LABEL, SANDBOX, check_endpoint
from fastly_mcp.errors import ConfigError
from fastly_mcp.scopes import Scope

T = TypeVar("T")

# Hosts substitute variables in their configuration and pass the literal on when they have none.
UNEXPANDED = re.compile(r"\$\{[^}]*\}|^\$[A-Za-z_]\w*$")
YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})+")

BROAD_KEYS = "all site site-wide global everything html text page holos wp"
"""Surrogate keys that tag every page on many sites."""

# What an operator takes away. An empty one is more likely a mistake than a wish for no limit.
LIMITS = frozenset(
    {
        "FASTLY_MCP_SCOPES",
        "FASTLY_MCP_READ_ONLY",
        "FASTLY_MCP_SERVICES",
        "FASTLY_MCP_DOMAINS",
        "FASTLY_MCP_APPROVAL",
        "FASTLY_MCP_APPROVAL_VIA",
        "FASTLY_MCP_APPROVERS",
        "FASTLY_MCP_KEYS_PER_HOUR",
        "FASTLY_MCP_URLS_PER_HOUR",
        "FASTLY_MCP_PURGE_ALLS_PER_HOUR",
        "FASTLY_MCP_AUDIT",
        "FASTLY_MCP_AUDIT_KEY_FILE",
        "FASTLY_MCP_WRITE",
    }
)


class Level(StrEnum):
    """Which changes wait for a person, from none to all of them."""

    NEVER = "never"
    PURGE_ALL = "purge_all"
    BROAD = "broad"
    PURGES = "purges"
    ALL = "all"


class WriteClass(StrEnum):
    """What the operations that change something are about."""

    CONFIG = "config"
    DATA = "data"
    LOGGING = "logging"
    TLS = "tls"
    SECURITY = "security"
    PEOPLE = "people"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One process's settings; `problems` says in whole sentences what is wrong with them."""

    token: str = ""
    token_file: Path | None = None
    endpoint: str = FASTLY
    name: str = ""
    sandbox: bool = False
    sandbox_services: int = 6
    toolsets: tuple[str, ...] = ("default",)
    scopes: frozenset[Scope] | None = None
    read_only: bool = False
    services: tuple[str, ...] | None = None
    domains: frozenset[str] | None = None
    http_token: str = ""
    http_token_file: Path | None = None
    http_tokens_file: Path | None = None
    approval: Level = Level.BROAD
    approval_via: str = ""
    approvers: Path | None = None
    broad_keys: frozenset[str] = frozenset(BROAD_KEYS.split())
    keys_per_hour: int = 20_000
    urls_per_hour: int = 5_000
    purge_alls_per_hour: int = 3
    write: frozenset[WriteClass] = frozenset({WriteClass.CONFIG, WriteClass.DATA})
    allow_secrets: bool = False
    state_dir: Path | None = None
    audit: frozenset[str] = frozenset({"file"})
    audit_queries: bool = False
    audit_key_file: Path | None = None
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Leave everything out: a value may be a secret."""
        return "Settings(…)"

    @classmethod
    def read(
        cls, environ: Mapping[str, str], *, sandbox: bool = False, name: str = ""
    ) -> "Settings":
        """Read all settings and collect what is wrong with them in `problems`.

        The arguments are the command line's and win over the environment.
        """
        env = _Environment(environ)
        if name:
            env.values["FASTLY_MCP_NAME"] = name
        sandbox = sandbox or env.read("FASTLY_MCP_SANDBOX", _flag, default=False)
        if sandbox:
            # Real tokens and addresses have no business in the sandbox: they are not looked at.
            token = env.values.get("FASTLY_API_TOKEN", "")
            token = token if token.startswith("sandbox") else "sandbox"
            token_file, endpoint = None, SANDBOX
        else:
            token = env.read("FASTLY_API_TOKEN", str, default="")
            token_file = env.read("FASTLY_API_TOKEN_FILE", _path, default=None)
            endpoint = env.read("FASTLY_API_ENDPOINT", check_endpoint, default=FASTLY)
        if token and token_file:
            env.problems.append(
                "FASTLY_API_TOKEN and FASTLY_API_TOKEN_FILE are both set; remove one of them."
            )
        approvers = env.read("FASTLY_MCP_APPROVERS", _path, default=None)
        via = env.read("FASTLY_MCP_APPROVAL_VIA", _via, default="")
        if approvers and via == "elicitation":
            env.problems.append(
                "FASTLY_MCP_APPROVERS lets only signed approvals count, and an answer through the "
                "client is not signed; remove FASTLY_MCP_APPROVAL_VIA=elicitation."
            )
        return cls(
            token=token,
            token_file=token_file,
            endpoint=endpoint,
            name=env.read("FASTLY_MCP_NAME", _name, default=""),
            sandbox=sandbox,
            sandbox_services=env.read("FASTLY_MCP_SANDBOX_SERVICES", _count, default=6),
            toolsets=env.read("FASTLY_MCP_TOOLSETS", _names, default=("default",)),
            scopes=env.read("FASTLY_MCP_SCOPES", _scopes, default=None),
            read_only=env.read("FASTLY_MCP_READ_ONLY", _flag, default=False),
            services=env.read("FASTLY_MCP_SERVICES", _names, default=None),
            domains=env.read("FASTLY_MCP_DOMAINS", _hosts, default=None),
            http_token=env.read("FASTLY_MCP_HTTP_TOKEN", str, default=""),
            http_token_file=env.read("FASTLY_MCP_HTTP_TOKEN_FILE", _path, default=None),
            http_tokens_file=env.read("FASTLY_MCP_HTTP_TOKENS_FILE", _path, default=None),
            approval=env.read("FASTLY_MCP_APPROVAL", _level, default=Level.BROAD),
            approval_via=via,
            approvers=approvers,
            broad_keys=env.read("FASTLY_MCP_BROAD_KEYS", _keys, default=_keys(BROAD_KEYS)),
            keys_per_hour=env.read("FASTLY_MCP_KEYS_PER_HOUR", _amount, default=20_000),
            urls_per_hour=env.read("FASTLY_MCP_URLS_PER_HOUR", _amount, default=5_000),
            purge_alls_per_hour=env.read("FASTLY_MCP_PURGE_ALLS_PER_HOUR", _amount, default=3),
            write=env.read("FASTLY_MCP_WRITE", _classes, default=cls.write),
            allow_secrets=env.read("FASTLY_MCP_ALLOW_SECRETS", _flag, default=False),
            state_dir=env.read("FASTLY_MCP_STATE_DIR", _directory, default=None),
            audit=env.read("FASTLY_MCP_AUDIT", _sinks, default=frozenset({"file"})),
            audit_queries=env.read("FASTLY_MCP_AUDIT_QUERIES", _flag, default=False),
            audit_key_file=env.read("FASTLY_MCP_AUDIT_KEY_FILE", _path, default=None),
            problems=tuple(env.problems),
        )

    def check(self) -> "Settings":
        """Return these settings if nothing is wrong with them.

        Raises ConfigError with every problem otherwise.
        """
        if self.problems:
            raise ConfigError(" ".join(self.problems))
        return self


class _Environment:
    """Reads variables one by one and keeps what was wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.values = {name: value.strip() for name, value in environ.items()}
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], *, default: T) -> T:
        value = self.values.get(name)
        if value is None:
            return default
        if not value:
            if name in LIMITS:
                self.problems.append(f"{name} is set but empty; give it a value or remove it.")
            return default
        if UNEXPANDED.search(value):
            self.problems.append(
                f"{name} still holds an unexpanded variable: whatever started this server did not "
                "fill it in. Write the value itself, or remove it."
            )
            return default
        try:
            return parse(value)
        except ConfigError as error:
            self.problems.append(str(error) if name in str(error) else f"{name} {error}")
            return default


def _flag(value: str) -> bool:
    if value.lower() not in YES | NO:
        raise ConfigError("must be 1 or 0.")
    return value.lower() in YES


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= 100_000:
        raise ConfigError("must be a whole number from 1 to 100000.")
    return int(value)


def _amount(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value[:9]) > 1_000_000:
        raise ConfigError("must be a whole number from 0 to 1000000.")
    return int(value)


def _level(value: str) -> Level:
    try:
        return Level(value.lower())
    except ValueError:
        raise ConfigError(f"must be one of {', '.join(Level)}.") from None


def _via(value: str) -> str:
    if value.lower() not in {"elicitation", "command"}:
        raise ConfigError("must be elicitation or command.")
    return value.lower()


def _keys(value: str) -> frozenset[str]:
    return frozenset(value.casefold().replace(",", " ").split())


def _sinks(value: str) -> frozenset[str]:
    sinks = frozenset(value.lower().replace(",", " ").split())
    if not sinks or sinks - {"file", "stderr"}:
        raise ConfigError("must be file, stderr or both, separated by a comma.")
    return sinks


def _classes(value: str) -> frozenset[WriteClass]:
    known = {each.value: each for each in WriteClass}
    words = value.lower().replace(",", " ").split()
    if not words or not all(word in known for word in words):
        raise ConfigError(f"must hold classes of writes and nothing else: {', '.join(WriteClass)}.")
    return frozenset(known[word] for word in words)


def _directory(value: str) -> Path | None:
    path = _path(value)
    # Commands that people run elsewhere have to find it.
    return path.absolute() if path else None


def _path(value: str) -> Path | None:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ConfigError("begins with ~, which names no home directory here.") from None


def _name(value: str) -> str:
    # It becomes part of the instructions an agent reads, so it has to be a plain label.
    if not NAME.fullmatch(value):
        raise ConfigError("must be 1 to 40 letters, digits, spaces, dots, hyphens or underscores.")
    return value


def _names(value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    if not names:
        raise ConfigError("lists nothing; separate names by commas or remove it.")
    return names


def _hosts(value: str) -> frozenset[str]:
    hosts = frozenset(name.lower().rstrip(".") for name in _names(value))
    if not all(HOST.fullmatch(host) for host in hosts):
        raise ConfigError("must list exact host names: no scheme, port, path or wildcard.")
    return hosts


def _scopes(value: str) -> frozenset[Scope]:
    return scopes.parse(value, "FASTLY_MCP_SCOPES")
