"""Every endpoint as others find it: agents, as a tool of the Model Context Protocol, and scripts."""

import asyncio
import base64
from contextlib import asynccontextmanager

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from benchmarks.wire import API, Stranger
from tests.calls import CALLS, FACE, NAMES, PICTURE, SMALL, files_of_calls
from ui.share import File


@pytest.fixture(scope="module")
def files(app, picture_file):
    return files_of_calls(app, picture_file)


@asynccontextmanager
async def agent(app):
    async with streamablehttp_client(f"{app}{API}/mcp/") as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def asked(app, name, arguments, **options):
    """What an agent gets of a tool."""

    async def ask():
        async with agent(app) as session:
            return await session.call_tool(name, arguments, **options)

    return asyncio.run(ask())


def in_words(files, arguments):
    """Arguments as an agent gives them: files as data: addresses."""

    def written(value):
        if not isinstance(value, File):
            return value
        kind = "application/zip" if value.endswith("zip") else "image/png"
        return f"data:{kind};base64,{base64.b64encode((files / value).read_bytes()).decode()}"

    return {name: written(value) for name, value in arguments.items()}


def test_tools_are_described(app):
    async def listed():
        async with agent(app) as session:
            return (await session.list_tools()).tools

    tools = asyncio.run(listed())
    assert [tool.name for tool in tools] == NAMES
    for tool in tools:
        assert len(tool.description) > 30
        for name, schema in tool.inputSchema["properties"].items():
            assert isinstance(schema.get("type"), str) or "anyOf" in schema, (tool.name, name)
            assert len(schema["description"]) > 5, (tool.name, name)
            is_file = name in ("picture", "drawing", "mask", "protect", "archive")
            assert is_file == ("Agents give a data: address" in schema["description"]), (tool.name, name)


@pytest.mark.parametrize(("name", "arguments", "count", "pictures"), CALLS, ids=NAMES)
def test_every_endpoint_by_an_agent_and_by_a_script(app, files, name, arguments, count, pictures):
    """Nobody asks for progress: pictures come as images all the same. Every message of a stream has all values."""
    answer = asked(app, name, in_words(files, arguments))
    assert not answer.isError, answer.content
    kinds = [part.type for part in answer.content]
    assert kinds.count("image") == pictures and kinds.count("text") > 0
    assert all(part.mimeType.startswith("image/") for part in answer.content if part.type == "image")
    script = Stranger(app)
    values = [script.upload(files / value) if isinstance(value, File) else value for value in arguments.values()]
    *_, (end, last) = messages = list(script.stream(name, values))
    assert end == "complete", messages
    assert all(len(message) == count for _, message in messages if message is not None)
    assert "__type__" not in str(messages)
    assert name in ("morph_faces", "animate_scene") or None not in last  # an image, or a video


def test_an_agent_gives_what_it_got_or_uploaded_and_nothing_else(app, files):
    """The address of a picture that was answered, the path of an upload; no other file or address."""
    first = asked(app, "edit_face", {"face": FACE})
    (address,) = [part.text for part in first.content if part.type == "text" and "/file=" in part.text]
    path = Stranger(app).upload(files / PICTURE)["path"]
    for picture in (address, path):
        assert not asked(app, "retarget_picture", {"picture": picture, **SMALL}).isError
    for picture, message in (
        ("/etc/hostname", "picture is no file that was uploaded here"),
        (f"{app}{API}/file=/etc/hostname", "picture is no file that was uploaded here"),
        ("http://127.0.0.1:1/a.png", "picture is an address; download the file and upload it"),
        ("data:image/png,abc", "picture is a data: address without ;base64,"),
        ("data:image/png;base64,a", "picture is a data: address that is no base64"),
        ("data:image/png;base64,aaaa", "picture.png is not a picture in a known format"),
    ):
        answer = asked(app, "retarget_picture", {"picture": picture, **SMALL})
        assert answer.isError and message in answer.content[0].text, answer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scene": "nowhere"}, "there is no scene 'nowhere'"),
        ({"scene": "peaks", "count": "4"}, "'4' is not of type 'integer'"),
        ({"scene": "peaks", "count": 99}, "count is 99; allowed are 1 to"),
        ({}, "scene"),
    ],
)
def test_a_mistake_is_told_to_the_agent(app, arguments, message):
    answer = asked(app, "sample_scene", arguments)
    assert answer.isError and message in answer.content[0].text


def test_an_agent_hears_that_it_goes_on(app, files):
    heard = []

    async def hear(step, total, message):
        heard.append(message)

    training = {"picture": PICTURE, "preset": "fast", "seed": 6, "max_size": 48, "iterations": 10}
    answer = asked(app, "train_scene", in_words(files, training), progress_callback=hear)
    assert [part.type for part in answer.content].count("image") == 2 and heard
