"""The source inside TorchScript: what it may name, in a form that can be read in one way only.

Torch compiles this source when it loads the file, by its own lexer and parser
(``torch/csrc/jit/frontend/lexer.h``, ``sugared_value.h``). Torch writes it
(``python_print.cpp``) without comments, continued lines and single quotes, so a source that holds
them is refused, and nothing is left in which text could be taken for code or code for text.
"""

from __future__ import annotations

import re

from corruptbench.errors import InputError
from corruptbench.lifters import exported_graph

#: The classes of compiled code that TorchScript may use: quantized and sparse layers.
CLASSES = ("quantized", "sparse")
_LIBRARIES = (*exported_graph.LIBRARIES, "prim", "prepacked", "mkldnn_prepacked")
#: A text as torch writes it.
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"(?!")')
#: Quotes of other texts, comments and continued lines, where no text is.
_STRANGE = re.compile(r"""["'#\\]""")
#: Characters that a Python name cannot hold.
_NO_NAME = re.compile(r"[^\w\\]")
#: Torch writes so an attribute whose name is no Python name (``getattr(self.layers, "0")``).
_GETATTR = re.compile(r'(?<![\w.])getattr\(([\w.]+), "(\w*)"\)')
#: Our own choice. A container in a container in a container has three.
MOST_NESTING = 100
#: Names through which code reaches torch's functions. They must not get another name.
_ALONE = re.compile(
    r"(?<![\w.])(?<!def )(?<!class )(?:getattr\b|torch\b(?!\.\w|:| :)|ops\b(?!\.\w+\.\w|:| :)"
    r"|__torch__(?!\.\w)|__torch__\.torch\b(?!\.\w))"
    r"|(?<![\w.])(?:torch|ops\.\w+)(?:\.autograd)+\b(?!\.\w)"
)
_FILES = re.compile(r"(?<![\w.])(?:torch|ops\.\w+)(?:\.autograd)*\.(?:save|from_file)\b")
_CLASS = re.compile(rf"\btorch\.classes\b(?!\.(?:{'|'.join(CLASSES)})\.\w)[\w.]*")
_OPERATOR = re.compile(r"(?<![\w.])ops\.(\w+)\.(\w+)")


def check_code(code: str, where: str) -> None:
    """Check a source of TorchScript: it may compute, not open files or use compiled classes.

    Raises:
        InputError: it does more, or is not written as torch writes it.
    """
    plain = _plain(code, where)
    if used := _FILES.search(plain):
        raise InputError(
            f"{where}: its code opens files ({used[0]}), which a lifter does not need; refused, "
            "and nothing of it was run"
        )
    if used := _CLASS.search(plain):
        raise InputError(f"{where}: it uses the compiled class {used[0]}; export without it")
    for library, operator in _OPERATOR.findall(plain):
        if library not in _LIBRARIES:
            raise InputError(
                f"{where}: it needs the operator {library}::{operator}, which is not one of "
                "torch's that only compute: no package can be imported for a lifter; write it "
                "with torch's own operators and export again"
            )
    if used := _ALONE.search(plain):
        raise _not_as_torch_writes(where, used[0])


def _plain(code: str, where: str) -> str:
    """Return a source with empty texts, no blanks around dots, and ``a.b`` for each getattr."""
    if strange := _STRANGE.search(_TEXT.sub("", code)):
        raise _not_as_torch_writes(where, strange[0])
    code = re.sub(r"\s*\.\s*", ".", _TEXT.sub(_as_name, code))
    for _ in range(MOST_NESTING):
        code, count = _GETATTR.subn(r"\1.\2", code)
        if not count:
            break
    return re.sub(r'"[^"]*"', '""', code)


def _as_name(text: re.Match[str]) -> str:
    """Return a text of ``_GETATTR``; "?" in place of one that escapes could spell."""
    name = _NO_NAME.sub("_", text[0][1:-1])
    return '"?"' if "\\" in name else f'"{name}"'


def _not_as_torch_writes(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: its code holds {what!r} where torch does not write it, which can hide what the "
        "code does; refused, and nothing of it was run. Export the model again with torch.jit.save"
    )
