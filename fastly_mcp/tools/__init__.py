"""What an agent can do: one module per Fastly resource, found by walking this package."""

from importlib import import_module
from pkgutil import iter_modules

from fastly_mcp.errors import ConfigError
from fastly_mcp.toolkit import Toolset

ALWAYS = "account"  # get_account says why every other tool is missing


def all_toolsets() -> list[Toolset]:
    """Import every module here and return its toolset, by name."""
    modules = sorted(module.name for module in iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").toolset for name in modules]


def chosen_toolsets(names: tuple[str, ...]) -> list[Toolset]:
    """Return the toolsets that are on: `default`, `all`, or by name.

    Raises ConfigError for a name that is none.
    """
    every = all_toolsets()
    known = {toolset.name for toolset in every}
    if not known | {"default", "all"} >= set(names):
        raise ConfigError(
            "FASTLY_MCP_TOOLSETS names an unknown toolset; there are: default, all, "
            f"{', '.join(sorted(known))}."
        )
    return [
        toolset
        for toolset in every
        if toolset.name in {*names, ALWAYS}
        or "all" in names
        or ("default" in names and toolset.default)
    ]
