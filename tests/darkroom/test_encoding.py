"""Every text that is read or written is UTF-8, whatever the machine's locale says."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [path for name in ("darkroom", "dcgan", "singan", "ui", ".") for path in (ROOT / name).glob("*.py")]


def says_no_encoding(call: ast.Call) -> bool:
    """Whether a call opens, reads or writes a text in the locale's encoding."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    if name in ("read_text", "write_text") or any(keyword.arg == "text" for keyword in call.keywords):
        return name in ("read_text", "write_text", "run", "Popen", "check_output")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    modes += [k.value.value for k in call.keywords if k.arg == "mode" and isinstance(k.value, ast.Constant)]
    modes = [mode for mode in modes if isinstance(mode, str) and set(mode) <= set("rwaxbt+") and mode]
    if name != "open" or owner in ("Image", "archive", "content", "os"):  # whose files are binary
        return False
    return not modes or "b" not in modes[-1]


def test_every_text_has_an_encoding():
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and says_no_encoding(node)]
        assert not found, f"{path}, lines {found}: encoding is missing"
