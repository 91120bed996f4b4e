"""Sizes and guards in an archive are plain arithmetic, or the file is refused."""

import pytest

from corruptbench.lifters.expressions import is_guard, is_size

SIZES = [
    ("Symbol('s77', positive=True, integer=True)", True),
    ("Add(Mul(Integer(51), FloorDiv(Symbol('s27', integer=True), Integer(2))), Integer(-1))", True),
    ("Float('1.5', precision=53)", True),
    ("2*s0 + 1", True),
    ("Max(1, s0 // 2)", True),
    ("s0.__class__", False),
    ("Symbol('x').__class__", False),
    ("Symbol(__import__('os'))", False),
    ("lambda: 0", False),
    ("open('x')", False),
    ("[s0 for s0 in (1,)]", False),
    ("'a'", False),
    ("Symbol('a', integer=open('x'))", False),
    ("f'{s0}'", False),
    ("Integer('1')", False),
    ("(" * 5000, False),
    ("s0\n", False),
]
GUARDS = [
    ("(-2) + (L['x'].size()[1] // 2) >= 0 and (-2) + (L['x'].size()[1] // 2) <= 9", True),
    ("L['flat_args'][0].size()[0] % 2 == 0", True),
    ("math.floor(L['x'].size()[0] / 2) != max(2, 3)", True),
    ("torch.sym_max(L['x'].size()[0], 3) >= 4", True),
    ("L['x'].size()[0] >= 0 or __import__('os')", False),
    ("torch.load('x')", False),
    ("math.__loader__", False),
    ("L['x'].save()", False),
    ("L['x'].size(print())", False),
    ("L['x\\\"'].size()[0]", False),
    ("(y := 1)", False),
]


class TestExpressions:
    @pytest.mark.parametrize(("text", "safe"), SIZES)
    def test_sizes(self, text, safe):
        assert is_size(text) == safe

    @pytest.mark.parametrize(("text", "safe"), GUARDS)
    def test_guards(self, text, safe):
        assert is_guard(text) == safe
