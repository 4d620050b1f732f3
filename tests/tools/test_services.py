"""Listing and inspecting services."""

import pytest

from tests.conftest import SHOP, Session

pytestmark = pytest.mark.anyio


async def test_services_are_listed_without_their_versions(session: Session) -> None:
    async with session() as mcp:
        result = await mcp.call_tool("list_services", {"query": "shop"})
    assert not result.is_error
    assert result.structured_content is not None
    (service,) = result.structured_content["services"]
    assert (service["id"], service["active_version"]) == (SHOP, 3)
    assert "versions" not in service
