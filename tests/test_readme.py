"""What the README shows does what it says: its Python and curl examples run against the app."""

import re
import subprocess
from pathlib import Path

from gradio_client import Client

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:7860"
CLIENT_FILES = ("picture", "archive", "morph", "animation")


def block(language: str, with_text: str) -> str:
    (found,) = [code for code in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if with_text in code]
    return found


def test_the_client_example(app, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code = block("python", "gradio_client").replace(ADDRESS, app)
    assert '"fast"' in code
    values: dict = {}
    exec(code.replace('"fast"', '"fast", 0, 48, 5'), values)  # the same, smaller
    assert all(Path(values[name]).stat().st_size for name in CLIENT_FILES)
    assert len(values["pictures"]) == 2 and values["scene"].startswith("sunset-")
    assert "scale 1 of" in capsys.readouterr().out


def test_the_curl_example(app):
    result = subprocess.run(["bash", "-c", block("sh", "curl").replace(ADDRESS, app)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "event: complete" in result.stdout and result.stdout.count("peaks_seed7_000") >= 4


def test_the_javascript_example_names_an_endpoint_and_its_arguments(app):
    code = block("js", "@gradio/client")
    endpoint = re.findall(r'predict\("(/\w+)"', code)[0]
    names = re.findall(r"(\w+):", code.partition("{ scene")[1] + code.partition("{ scene")[2])
    known = Client(app, verbose=False).view_api(return_format="dict", print_info=False)["named_endpoints"][endpoint]
    assert set(names) <= {parameter["parameter_name"] for parameter in known["parameters"]}
