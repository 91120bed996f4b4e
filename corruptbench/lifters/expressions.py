"""The expressions in an exported graph that torch hands to Python's ``eval`` or ``exec``.

There are two: sizes, which ``sympy.sympify`` evaluates, and guards, which become the source of a
function when the program is made a module (``torch/export/_unlift.py``). Only arithmetic on sizes
is admitted. An expression is parsed here, and never evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

#: Our own choice. The longest in the exports that were tried has 105 characters.
LONGEST = 20_000

_FUNCTION = re.compile(
    r"Symbol|Integer|Float|Rational|Add|Mul|Pow|Max|Min|Abs|Mod|floor|ceiling|Piecewise"
    r"|ExprCondPair|Eq|Ne|Lt|Le|Gt|Ge|And|Or|Not|Xor|Equality|Unequality|LessThan"
    r"|StrictLessThan|GreaterThan|StrictGreaterThan|FloorDiv|ModularIndexing|Where|PythonMod"
    r"|CleanDiv|CeilToInt|FloorToInt|CeilDiv|LShift|RShift|PowByNatural|FloatPow|FloatTrueDiv"
    r"|IntTrueDiv|IsNonOverlappingAndDenseIndicator|TruncToFloat|TruncToInt|RoundToInt"
    r"|RoundDecimal|ToFloat|Identity|BitwiseFn_bitwise_and|BitwiseFn_bitwise_or"
    r"|OpaqueUnaryFn_sqrt|OpaqueUnaryFn_log|OpaqueUnaryFn_exp|OpaqueUnaryFn_log2|Tuple"
)
_CONSTANTS = frozenset(["true", "false", "oo", "int_oo", "pi", "nan", "zoo"])
_SYMBOL = re.compile(r"[a-z]{1,5}_?\d{1,9}")
_NAME = re.compile(r"\w{1,100}", re.ASCII)
_NUMBER = re.compile(r"-?[\d.]{1,60}(e[+-]?\d{1,5})?")

_GUARD_FUNCTIONS = frozenset(
    ["min", "max", "abs", "int", "float", "bool", "round", "IsNonOverlappingAndDenseIndicator"]
    + ["cast_symbool_to_symint_guardless"]
)
_GUARD_METHODS = frozenset(["size", "stride", "storage_offset"])
_GUARD_MODULES = {
    "math": re.compile("floor|ceil|trunc|sqrt|pow|isnan|isinf|inf|nan|log2|log|exp"),
    "torch": re.compile("sym_(max|min|not|ite|int|float)"),
}
_ARITHMETIC = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip


def is_size(text: str) -> bool:
    """Return whether a text is arithmetic on sizes as torch writes it, safe for ``sympify``."""
    return _is_safe(text, _is_size_node)


def is_guard(text: str) -> bool:
    """Return whether a text is a condition on the sizes of inputs, safe as Python's source."""
    return _is_safe(text, _is_guard_node)


def _is_safe(text: str, admits: Callable[[ast.AST], bool]) -> bool:
    if not text.isascii() or not text.isprintable() or len(text) > LONGEST:
        return False
    try:
        return admits(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_size_node(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float)
        case ast.Name(id=name):
            return name in _CONSTANTS or bool(_SYMBOL.fullmatch(name))
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name))]):
            return bool(_NAME.fullmatch(name)) and _are_plain(node.keywords)
        case ast.Call(func=ast.Name(id="Float"), args=[ast.Constant(value=str(number))]):
            return bool(_NUMBER.fullmatch(number)) and _are_plain(node.keywords)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return bool(_FUNCTION.fullmatch(name)) and all(map(_is_size_node, node.args))
        case ast.Tuple(elts=items):
            return all(map(_is_size_node, items))
    return isinstance(node, _ARITHMETIC) and all(map(_is_size_node, ast.iter_child_nodes(node)))


def _are_plain(keywords: list[ast.keyword]) -> bool:
    """Return whether all keywords are such as ``integer=True`` and ``precision=53``."""
    return all(
        word.arg and isinstance(word.value, ast.Constant) and isinstance(word.value.value, int)
        for word in keywords
    )


def _is_guard_node(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return module in _GUARD_MODULES and bool(_GUARD_MODULES[module].fullmatch(name))
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[], keywords=[]):
            return name in _GUARD_METHODS and _is_input(value)
        case ast.Call(func=function, keywords=[]):
            known = isinstance(function, ast.Name) and function.id in _GUARD_FUNCTIONS
            of_module = isinstance(function, ast.Attribute) and _is_guard_node(function)
            return (known or of_module) and all(map(_is_guard_node, node.args))
        case ast.Subscript(value=ast.Call() as value, slice=ast.Constant(value=int())):
            return _is_guard_node(value)
        case ast.Subscript() | ast.Name(id="inf"):
            return isinstance(node, ast.Name) or _is_input(node)
    return isinstance(node, _ARITHMETIC) and all(map(_is_guard_node, ast.iter_child_nodes(node)))


def _is_input(node: ast.AST) -> bool:
    """Return whether a node is such as ``L['x']`` or ``L['flat_args'][0]``."""
    match node:
        case ast.Name(id="L"):
            return True
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
            return bool(_NAME.fullmatch(name)) and _is_input(value)
        case ast.Subscript(value=value, slice=ast.Constant(value=int())):
            return _is_input(value)
    return False
