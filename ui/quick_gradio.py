"""Imports Gradio in 2.2 instead of 3.7 seconds; app.py imports this before anything else of the page.

At every import Gradio writes type stubs of its 50 components anew. Its own way round that, for components without a
source file, is taken for all of them here.
"""

import inspect
import sys
from typing import Any

_getfile = inspect.getfile


def _no_file_for_stubs(of: Any) -> str:
    if sys._getframe(1).f_code.co_name == "create_or_modify_pyi":
        raise OSError
    return _getfile(of)


inspect.getfile = _no_file_for_stubs  # type: ignore[assignment]
try:
    import gradio  # noqa: F401
finally:
    inspect.getfile = _getfile
