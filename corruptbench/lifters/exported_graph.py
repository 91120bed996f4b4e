"""The graph of a ``.pt2``: texts that torch turns into Python when it loads the file.

Torch evaluates the expressions of sizes, builds the source of a function from guards, names of
nodes, arguments and parameters, and finds operators by walking from ``torch`` along any attributes
(``torch/_export/serde/serialize.py``, ``torch/export/_unlift.py``, ``torch/fx/graph.py``). So every
text in the graph must have the form that its place needs, and a text in any other place is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from corruptbench.errors import InputError
from corruptbench.lifters.expressions import is_guard, is_size

#: Our own choice. That of a transformer of 32 layers has 2.4 MB, mostly traces of its source.
MOST_BYTES = 64 << 20
#: Operators that compute. Those of other libraries in torch open files, talk to other processes, or
#: run compiled code.
LIBRARIES = ("aten", "prims", "quantized", "_quantized", "sparse", "mkldnn", "onednn")
#: ``from_file`` maps a file of any name into memory, and makes it where it does not exist.
_FILES = re.compile(r"torch\.ops\.aten\.(from_file|save)\b.*")

_HIGHER_ORDER = (
    r"cond|while_loop|map_impl|scan|associative_scan|wrap|wrap_with_set_grad_enabled"
    r"|wrap_with_autocast|auto_functionalized|auto_functionalized_v2|invoke_subgraph"
    r"|flex_attention|hints_wrapper|out_dtype|strict_mode|tag_activation_checkpoint"
    r"|foreach_map|run_const_graph|wrap_activation_checkpoint"
)
_PYTHON = (
    r"eq|ne|le|ge|lt|gt|neg|pos|mul|add|sub|floordiv|truediv|mod|pow|and_|or_|xor|not_|inv"
    r"|lshift|rshift|abs|getitem"
)
_TRANSFORMS = (
    r"_(add|remove)_batch_dim|_(vmap|jvp)_(in|de)crement_nesting|lazy_load_decompositions"
    r"|_(make|unpack)_dual|_unwrap_for_grad|_(enter|exit)_dual_level"
)
_NAME = r"(?!__)\w+|__i?(?:and|or|xor|lshift|rshift)__"
_OPERATOR = re.compile(
    rf"""torch\.ops\.({"|".join(LIBRARIES)})\.({_NAME})\.(?!_)\w+
    | torch\.ops\.higher_order\.({_HIGHER_ORDER})
    | _operator\.({_PYTHON})
    | math\.(trunc|floor|ceil|sqrt|pow|log|log2|exp|isnan|isinf)
    | torch\.(_?sym_\w+)
    | torch\._functorch\.predispatch\.({_TRANSFORMS})
    | torch\._C\._set_grad_enabled | torch\.amp\.autocast_mode\._(enter|exit)_autocast""",
    re.VERBOSE | re.ASCII,
)
_CUSTOM = re.compile(r"torch\.ops\.(\w+)\.\w+(\.\w+)?", re.ASCII)
#: Names of parameters and modules. Torch puts them between double quotes.
_PATH = re.compile(r'[^"\\\x00-\x1f\x7f]{0,500}')
#: JSON has no such numbers, so torch writes them as texts, and reads them by ``float``.
_FLOAT = re.compile(r"-?Infinity|NaN")
_WORD = re.compile(r"[\w.+<=\-]{0,100}", re.ASCII)
#: Torch counts up to the number in the name of an unknown size, one by one.
_MANY = re.compile(r"(u|zuf)(?!\d{1,6}$)")
_TREE_TYPES = ("builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict")


def check_graph(data: bytes, where: str) -> None:
    """Check that loading a graph runs nothing but operators on tensors.

    Args:
        data: the JSON of an exported program.
        where: its name in messages.

    Raises:
        InputError: it is no such JSON, or holds a text that its place does not need.
    """
    program = parsed(data, where)
    if not isinstance(program.get("graph_module"), dict):
        raise InputError(f"{where}: no graph of torch.export; export the model again")
    check_texts(program, where)
    for name in _entries(program.get("range_constraints")):
        if not is_size(name) or _MANY.match(name):
            raise _refused(where, "range_constraints", name)


def parsed(data: bytes, where: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        InputError: it is none, or larger or nested deeper than torch writes.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"{where}: {len(data)} bytes, expected at most {MOST_BYTES}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: no JSON ({error}); export the model again") from None
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected a JSON object; export the model again")
    return value


def check_texts(value: object, where: str, key: str = "") -> None:
    """Check every text and name in a JSON value by the key that it stands under.

    Raises:
        InputError: one of them is not as its place needs it.
    """
    match value:
        case dict():
            _check_object(value, where, key)
        case list():
            for item in value:
                check_texts(item, where, key)
        case str() if not _RULES.get(key, _never)(value):
            raise _refused(where, key, value)


def _check_object(value: dict[str, Any], where: str, key: str) -> None:
    if not isinstance(value.get("nodes", []), list):
        raise _refused(where, "nodes", "")
    if "nodes" in value:  # a graph; its inputs become arguments of a function
        _check_inputs(value, where)
    for name, item in value.items():
        if not _PATH.fullmatch(name):
            raise _refused(where, key, name)
        # Where a node comes from in its author's source. Torch keeps these texts as texts.
        is_origin = name == "metadata" and key in ("nodes", "graph_module")
        if not (is_origin and _is_text_table(item)):
            check_texts(item, where, name)


def _check_inputs(graph: dict[str, Any], where: str) -> None:
    for item in graph.get("inputs", []):
        kinds = set(_entries(item))
        if not kinds <= {"as_tensor", "as_sym_int", "as_int", "as_float", "as_bool", "as_none"}:
            raise _refused(where, "inputs", ", ".join(sorted(kinds)))


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _entries(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _refused(where: str, key: str, text: str) -> InputError:
    shown = f"{text!r:.100}"
    if key in ("target", "as_operator") and (known := _CUSTOM.fullmatch(text)):
        if known[1] not in (*LIBRARIES, "higher_order"):
            return InputError(
                f"{where}: it needs the operator {text}, which is not torch's: no package can be "
                "imported for a lifter; write it with torch's own operators and export again"
            )
        return InputError(
            f"{where}: the operator {text} does more than compute; refused. Write the model "
            "without it and export it again"
        )
    if key in ("in_spec", "out_spec"):
        return InputError(
            f"{where}: its {key} has a type of another package ({shown}); wrap the model so that "
            "forward takes and returns tensors, tuples, lists or dictionaries of tensors"
        )
    if key == "class_fqn":
        return InputError(
            f"{where}: it holds a custom object ({shown}), which is code; export the model without"
        )
    return InputError(
        f"{where}: {key or 'the graph'} holds {shown}, which torch would run as Python when it "
        "loads the file, or which this version does not know; refused, and nothing of it was run. "
        "Get the model from its makers, or export it again with the installed torch"
    )


def _never(_: str) -> bool:
    return False


def _any_text(_: str) -> bool:
    return True


def _is_operator(text: str) -> bool:
    return bool(_OPERATOR.fullmatch(text)) and not _FILES.fullmatch(text)


def _is_name(text: str) -> bool:
    return not text or (text.isascii() and text.isidentifier())


def _is_path(text: str) -> bool:
    return bool(_PATH.fullmatch(text))


def _is_word(text: str) -> bool:
    return bool(_WORD.fullmatch(text))


def _is_float(text: str) -> bool:
    return bool(_FLOAT.fullmatch(text))


def _is_input_tree(text: str) -> bool:
    return _is_tree(text, _is_name)


def _is_output_tree(text: str) -> bool:
    return _is_tree(text, _any_text)


def _is_tree(text: str, admits: Callable[[str], bool]) -> bool:
    """Return whether a text is a ``TreeSpec`` of plain containers.

    Others name a module that torch imports (``torch/utils/_pytree.py``: enumerations, defaultdict).
    """
    try:
        protocol, root = json.loads(text)
        return bool(protocol == 1) and _is_tree_node(root, admits)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _is_tree_node(node: dict[str, Any], admits: Callable[[str], bool]) -> bool:
    if node["type"] is None:
        return node["context"] is None and node["children_spec"] == []
    if node["type"] not in _TREE_TYPES:
        return False
    keys = json.loads(node["context"])
    plain = keys is None or (
        isinstance(keys, list)
        and all(isinstance(key, int) or (isinstance(key, str) and admits(key)) for key in keys)
    )
    return plain and all(_is_tree_node(child, admits) for child in node["children_spec"])


#: What a text may be, by its key in torch's schema (``torch/_export/serde/schema.py``).
_RULES: dict[str, Callable[[str], bool]] = {
    "target": _is_operator,
    "as_operator": _is_operator,
    "expr_str": is_size,
    "guards_code": is_guard,
    "in_spec": _is_input_tree,
    "out_spec": _is_output_tree,
    "as_string": _any_text,
    "as_strings": _any_text,
    **dict.fromkeys(("as_float", "as_floats", "as_float_lists", "real", "imag"), _is_float),
    **dict.fromkeys(("name", "as_name", "forward_arg_names", "field_names"), _is_name),
    **dict.fromkeys(("parameter_name", "buffer_name", "tensor_constant_name"), _is_path),
    **dict.fromkeys(("user_input_name", "fqn", "path_name"), _is_path),
    **dict.fromkeys(("type", "torch_version", "verifiers", "dialect"), _is_word),
}
