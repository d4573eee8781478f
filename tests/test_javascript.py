"""What streams and what takes files, by Gradio's client for JavaScript in a browser: that which the page itself has."""

from __future__ import annotations

import base64
import re

import pytest

from tests.calls import CALLS, files_of_calls
from ui.share import File

FILED = [call for call in CALLS if call[0] in ("train_scene", "retarget_picture", "add_scene")]
RUN = """async ([address, endpoint, values, file]) => {
  const client = await Client.connect(address, { events: ["data", "status"] });
  const bytes = Uint8Array.from(atob(file.data), (letter) => letter.charCodeAt(0));
  const messages = [];
  for await (const message of client.submit(endpoint, { ...values, [file.argument]: new Blob([bytes]) })) {
    if (message.type === "data") messages.push(message.data);
    else if (message.stage === "error") throw new Error(message.message);
    else if (message.stage === "complete") break;
  }
  return messages;
}"""
WRONG = """async ([address, endpoint, values]) => {
  const client = await Client.connect(address);
  try { await client.predict(endpoint, values); } catch (error) { return error.message; }
}"""


@pytest.fixture(scope="module")
def page(app, browser):
    """The app's page, whose script gives away its client: there it has a name of a few letters."""
    page = browser.new_page()

    def serve(route):
        text = route.fetch().text()
        (name,) = re.findall(r"(\w+)=class\{app_reference;", text) or ["undefined"]
        route.fulfill(body=f"{text};window.Client ??= {name};", content_type="text/javascript")

    page.route("**/assets/index-*.js", serve)
    page.goto(app)
    page.wait_for_function("() => window.Client")
    yield page
    page.close()


def test_every_message_has_all_values(app, page, picture_file):
    folder = files_of_calls(app, picture_file)
    for name, arguments, count, _ in FILED:
        ((key, file),) = [(key, value) for key, value in arguments.items() if isinstance(value, File)]
        given = {"argument": key, "data": base64.b64encode((folder / file).read_bytes()).decode()}
        messages = page.evaluate(RUN, [app, f"/{name}", arguments, given])
        assert messages and all(len(message) == count for message in messages), name
        assert "__type__" not in str(messages)
        assert len(messages) > 1 or name == "add_scene"
        assert all(value is not None for value in messages[-1])


def test_a_wrong_type_is_named(app, page):
    for endpoint, values, message in (
        ("/sample_scene", {"scene": "peaks", "count": "4"}, "count is '4' (str); a number is needed"),
        ("/sample_scene", {"scene": ["peaks"]}, "scene is ['peaks'] (list); a text is needed"),
        ("/edit_face", {"face": "x"}, "face is 'x' (str); an object is needed"),
        ("/train_scene", {"picture": {"a": 1}}, "picture is {'a': 1} (dict); an uploaded file is needed"),
    ):
        assert page.evaluate(WRONG, [app, endpoint, values]) == message
