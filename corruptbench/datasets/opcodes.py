"""Reads the instructions of a pickle that build data, and knows no others.

A pickle is a program: loading one by `pickle.load` can call anything. This follows it (protocols 0
to 5) as far as numbers, strings, lists, tuples, dictionaries and the names in `stand_ins` go. There
is no instruction here that sets attributes, makes sets, or copies the top of the stack, and room is
made for no more than the file has bytes.
"""

from __future__ import annotations

import codecs
import pickle
import pickletools
import struct
import warnings
from collections.abc import Callable
from mmap import mmap
from typing import Any, NoReturn

from corruptbench.datasets.stand_ins import ADMITTED, Array, Name, Type, key

#: Of all instructions.
_NAMES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}


def load(data: bytes | mmap, at: int, refuse: Callable[[str, str], NoReturn]) -> Any:
    """The value that the pickle at position ``at`` builds, with stand-ins for arrays.

    Args:
        data: the file.
        at: where in it the pickle begins.
        refuse: raises the error for a name that data has no need of, given its module and itself.

    Raises:
        ValueError: for an instruction that data has no need of, and for a pickle that ends too
            soon; damage may raise nearly anything.
    """
    reading = _Reading(data, at, refuse)
    try:
        return reading.run()
    except (IndexError, struct.error):
        raise ValueError("it ends too soon, or an instruction lacks what it works on") from None


class _Reading:
    """Where the reading of a pickle stands: position, stack, marks on it, and the memo."""

    __slots__ = ("at", "data", "end", "marks", "memo", "refuse", "stack")

    def __init__(self, data: bytes | mmap, at: int, refuse: Callable[[str, str], NoReturn]) -> None:
        self.data, self.at, self.end, self.refuse = data, at, len(data), refuse
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []

    def run(self) -> Any:
        """To the end."""
        stop, data, steps = pickle.STOP[0], self.data, _STEPS
        while (code := data[self.at]) != stop:
            self.at += 1
            step = steps.get(code)
            if step is None:
                raise ValueError(f"the instruction {_NAMES.get(code, code)} among the data")
            step(self)
        if len(self.stack) != 1 or self.marks:
            raise ValueError(f"{len(self.stack)} values at its end, expected one")
        return self.stack.pop()

    def number(self, form: struct.Struct) -> Any:
        """The next number."""
        (value,) = form.unpack_from(self.data, self.at)
        self.at += form.size
        return value

    def line(self) -> bytes:
        """Up to the next end of a line."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise ValueError("it ends within a line")
        start, self.at = self.at, end + 1
        return self.data[start:end]

    def since_mark(self) -> list[Any]:
        """What was put onto the stack since the last mark, taken off."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def put(self, index: int) -> None:
        """Notes the top of the stack; every note before took a byte at least."""
        if index == len(self.memo):
            self.memo.append(self.stack[-1])
            return
        if not 0 <= index <= self.at:
            raise ValueError(f"number {index} in its memo after {self.at} bytes")
        self.memo.extend([None] * (index + 1 - len(self.memo)))
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        """Puts what was noted onto the stack again."""
        self.stack.append(self.memo[index])


Step = Callable[[_Reading], None]


def _value(value: Any) -> Step:
    return lambda r: r.stack.append(value)


def _fresh(make: Callable[[], Any]) -> Step:
    return lambda r: r.stack.append(make())


def _number(form: str) -> Step:
    read = struct.Struct(form)
    return lambda r: r.stack.append(r.number(read))


def _line(make: Callable[[bytes], Any]) -> Step:
    return lambda r: r.stack.append(make(r.line()))


def _counted(form: str, make: Callable[[bytes], Any]) -> Step:
    read = struct.Struct(form)

    def step(r: _Reading) -> None:  # in one piece, for there may be millions
        start = r.at + read.size
        end = r.at = start + read.unpack_from(r.data, r.at)[0]
        if end > r.end:
            raise ValueError(f"it ends {end - r.end} bytes too soon")
        r.stack.append(make(r.data[start:end]))

    return step


def _skip(size: int) -> Step:
    def step(r: _Reading) -> None:
        r.at += size

    return step


def _protocol(r: _Reading) -> None:
    protocol = r.data[r.at]
    if protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"protocol {protocol}")
    r.at += 1


def _put(form: str) -> Step:
    read = struct.Struct(form)
    return lambda r: r.put(r.number(read))


def _get(form: str) -> Step:
    read = struct.Struct(form)
    return lambda r: r.get(r.number(read))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _old_text(data: bytes) -> str:
    """A string of Python 2: bytes, read as Latin-1."""
    return data.decode("latin1")


def _quoted(line: bytes) -> str:
    """The same as protocol 0 writes it."""
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise ValueError(f"a string without its quotes: {line[:20]!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # for what Python escapes no longer
        return _old_text(codecs.escape_decode(line[1:-1])[0])


def _integer(line: bytes) -> int:
    return {b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line)


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _mark(r: _Reading) -> None:
    r.marks.append(len(r.stack))


def _tuple(size: int) -> Step:
    def step(r: _Reading) -> None:
        items = r.stack[-size:]
        if len(items) < size:
            raise IndexError
        r.stack[-size:] = [tuple(items)]

    return step


def _append(r: _Reading) -> None:
    item = r.stack.pop()
    _the(list, r).append(item)


def _appends(r: _Reading) -> None:
    items = r.since_mark()
    _the(list, r).extend(items)


def _set_item(r: _Reading) -> None:
    value, name = r.stack.pop(), r.stack.pop()
    _the(dict, r)[key(name)] = value


def _set_items(r: _Reading) -> None:
    items = r.since_mark()
    _the(dict, r).update(_pairs(items))


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(key, items[::2]), items[1::2], strict=True))


def _the(kind: Any, r: _Reading) -> Any:
    """The top of the stack, which must be of that kind."""
    if not isinstance(r.stack[-1], kind):
        raise ValueError(f"items for a {type(r.stack[-1]).__name__}")
    return r.stack[-1]


def _name(r: _Reading) -> None:
    module, name = (line.decode() for line in (r.line(), r.line()))
    r.stack.append(_admitted(r, module, name))


def _instance(r: _Reading) -> None:
    module, name = (line.decode() for line in (r.line(), r.line()))
    r.refuse(module, name)


def _name_on_stack(r: _Reading) -> None:
    name, module = r.stack.pop(), r.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("a name that is no text")
    r.stack.append(_admitted(r, module, name))


def _admitted(r: _Reading, module: str, name: str) -> Name:
    return ADMITTED.get((module.replace("__builtin__", "builtins"), name)) or r.refuse(module, name)


def _call(r: _Reading) -> None:
    arguments, name = r.stack.pop(), r.stack.pop()
    if not isinstance(name, Name) or not isinstance(arguments, tuple):
        raise ValueError(f"a call of a {type(name).__name__}")
    r.stack.append(name.make(*arguments))


def _state(r: _Reading) -> None:
    state = r.stack.pop()
    top = r.stack[-1]
    if not isinstance(top, Type | Array):
        raise ValueError(f"a state for a {type(top).__name__}")
    top.take(state)


def _set(_: _Reading) -> None:
    raise ValueError("a set among the data")


_STEPS: dict[int, Step] = {
    code[0]: step
    for code, step in {
        pickle.PROTO: _protocol,
        pickle.FRAME: _skip(8),
        pickle.NONE: _value(None),
        pickle.NEWTRUE: _value(True),
        pickle.NEWFALSE: _value(False),
        pickle.INT: _line(_integer),
        pickle.BININT: _number("<i"),
        pickle.BININT1: _number("<B"),
        pickle.BININT2: _number("<H"),
        pickle.LONG: _line(lambda line: int(line.removesuffix(b"L"))),
        pickle.LONG1: _counted("<B", _long),
        pickle.LONG4: _counted("<I", _long),
        pickle.FLOAT: _line(float),
        pickle.BINFLOAT: _number(">d"),
        pickle.STRING: _line(_quoted),
        pickle.BINSTRING: _counted("<I", _old_text),
        pickle.SHORT_BINSTRING: _counted("<B", _old_text),
        pickle.UNICODE: _line(lambda line: line.decode("raw-unicode-escape")),
        pickle.SHORT_BINUNICODE: _counted("<B", _text),
        pickle.BINUNICODE: _counted("<I", _text),
        pickle.BINUNICODE8: _counted("<Q", _text),
        pickle.SHORT_BINBYTES: _counted("<B", bytes),
        pickle.BINBYTES: _counted("<I", bytes),
        pickle.BINBYTES8: _counted("<Q", bytes),
        pickle.BYTEARRAY8: _counted("<Q", memoryview),  # the content of an array, not of a list
        pickle.MARK: _mark,
        pickle.EMPTY_LIST: _fresh(list),
        pickle.LIST: lambda r: r.stack.append(r.since_mark()),
        pickle.APPEND: _append,
        pickle.APPENDS: _appends,
        pickle.EMPTY_TUPLE: _value(()),
        pickle.TUPLE: lambda r: r.stack.append(tuple(r.since_mark())),
        pickle.TUPLE1: _tuple(1),
        pickle.TUPLE2: _tuple(2),
        pickle.TUPLE3: _tuple(3),
        pickle.EMPTY_DICT: _fresh(dict),
        pickle.DICT: lambda r: r.stack.append(_pairs(r.since_mark())),
        pickle.SETITEM: _set_item,
        pickle.SETITEMS: _set_items,
        pickle.EMPTY_SET: _set,
        pickle.FROZENSET: _set,
        pickle.GLOBAL: _name,
        pickle.STACK_GLOBAL: _name_on_stack,
        pickle.INST: _instance,
        pickle.REDUCE: _call,
        pickle.BUILD: _state,
        pickle.MEMOIZE: lambda r: r.memo.append(r.stack[-1]),
        pickle.PUT: lambda r: r.put(int(r.line())),
        pickle.BINPUT: _put("<B"),
        pickle.LONG_BINPUT: _put("<I"),
        pickle.GET: lambda r: r.get(int(r.line())),
        pickle.BINGET: _get("<B"),
        pickle.LONG_BINGET: _get("<I"),
    }.items()
}
