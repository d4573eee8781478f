"""The endpoints as an agent finds them: tools of the Model Context Protocol."""

import asyncio

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

TOOLS = {
    "sample_faces", "edit_face", "morph_faces", "train_scene", "sample_scene", "retarget_scene", "animate_scene",
    "paint_scene", "edit_scene", "harmonize_scene", "super_resolve_scene", "tile_scene", "models", "health",
}  # fmt: skip


async def asked(app, name, arguments):
    address = f"{app}/gradio_api/mcp/"
    async with streamablehttp_client(address) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        return (await session.list_tools()).tools, await session.call_tool(name, arguments)


def test_tools_are_described_and_answer(app):
    tools, answer = asyncio.run(asked(app, "sample_scene", {"scene": "peaks", "count": 1}))
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert len(tool.description) > 30
        for name, schema in tool.inputSchema["properties"].items():
            assert isinstance(schema["type"], str), (tool.name, name)
            assert len(schema["description"]) > 5, (tool.name, name)
    assert not answer.isError and "peaks_seed" in str(answer.content)


def test_a_mistake_is_told_to_the_agent(app):
    _, answer = asyncio.run(asked(app, "sample_scene", {"scene": "nowhere"}))
    assert answer.isError and "there is no scene 'nowhere'" in str(answer.content)
