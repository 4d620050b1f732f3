"""A small api.fastly.com to try, show and test with: no account, no network."""

from fastly_mcp.sandbox.app import app_of, create_app
from fastly_mcp.sandbox.edge.server import edge_app
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.files import SeedError, read_seed
from fastly_mcp.sandbox.seeds.hostile import hostile
from fastly_mcp.sandbox.state import World

__all__ = [
    "Sandbox",
    "SeedError",
    "World",
    "app_of",
    "create_app",
    "edge_app",
    "hostile",
    "make_world",
    "read_seed",
]
