"""Formulas over scores, as ``multi`` has them: parsed by Python's own parser into a tree in which everything but
arithmetic, names and eight functions is refused. Nothing is evaluated by Python, and numbers are floats throughout, so
that no power can grow without end."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping

MAX_CHARS = 500
MAX_DEPTH = 20
MAX_NODES = 200
OTHER = re.compile(r"[^A-Za-z0-9_\s.,+*/^()-]")
BLANK = re.compile(r"\s")

BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
# name → (function, fewest arguments, most arguments)
FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "min": (min, 1, 20),
    "max": (max, 1, 20),
    "abs": (abs, 1, 1),
    "floor": (lambda x: float(math.floor(x)), 1, 1),
    "ceil": (lambda x: float(math.ceil(x)), 1, 1),
    "exp": (math.exp, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "log": (math.log, 1, 1),
}


class FormulaError(ValueError):
    """What is wrong with a formula, and at which character."""


class Uncomputable(ValueError):
    """The formula has no value for these scores: a division by 0, a logarithm of 0, a number without end."""


class Formula:
    """A checked formula. ``names``: the scores that it needs."""

    def __init__(self, text: str, known: Iterable[str]) -> None:
        """Raises ``FormulaError`` naming the character (from 1) where something else than arithmetic stands."""
        if len(text) > MAX_CHARS:
            raise FormulaError(f"the formula is longer than {MAX_CHARS} characters")
        self._text, self._known, self._nodes = text, frozenset(known), 0
        self._tree = self._parsed()
        self.names: set[str] = set()
        self._check(self._tree, 1)

    def value(self, scores: Mapping[str, float]) -> float:
        """The value for these scores. Raises ``Uncomputable``."""
        try:
            found = float(_value(self._tree, scores))
        except (ArithmeticError, ValueError) as error:
            raise Uncomputable(str(error)) from None
        if not math.isfinite(found):
            raise Uncomputable("the result is no number")
        return found

    def _parsed(self) -> ast.expr:
        """The tree. ``^`` is power in these formulas, as in OpenAI's."""
        if not self._text.strip():
            raise FormulaError("write a formula, such as 0.5 * a + 0.5 * b")
        strange = OTHER.search(self._text)
        if strange:
            raise FormulaError(f"character {strange.start() + 1}: {strange.group()!r} cannot stand in a formula")
        source = BLANK.sub(" ", self._text).replace("^", "**")
        self._indent = len(source) - len(source.lstrip())
        try:
            return ast.parse(source.strip(), mode="eval").body
        except SyntaxError as error:
            place = self._place((error.offset or 1) - 1)
            raise FormulaError(f"character {place}: this is not a formula ({error.msg})") from None
        except (ValueError, MemoryError, RecursionError):
            raise FormulaError("the formula cannot be read") from None

    def _place(self, column: int) -> int:
        """The character in the text as it was written, from 1: in the parsed source each ``^`` is two."""
        passed = -self._indent
        for written, char in enumerate(self._text, 1):
            passed += 2 if char == "^" else 1
            if passed > column:
                return written
        return len(self._text)

    def _check(self, node: ast.expr, depth: int) -> None:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise FormulaError(f"the formula has more than {MAX_NODES} parts, or more than {MAX_DEPTH} levels")
        for child in self._children(node):
            self._check(child, depth + 1)

    def _children(self, node: ast.expr) -> list[ast.expr]:
        """The parts of an allowed node. Raises ``FormulaError`` for any other."""
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return [node.left, node.right]
        if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
            return [node.operand]
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            self._number(node)
            return []
        if isinstance(node, ast.Name):
            self._name(node)
            return []
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self._error(node, f"only + - * / ^, numbers, grader names and {', '.join(FUNCTIONS)} are allowed")

    def _number(self, node: ast.Constant) -> None:
        try:
            finite = math.isfinite(float(node.value))  # type: ignore[arg-type]
        except OverflowError:
            finite = False
        if not finite:
            raise self._error(node, "this number is too large")

    def _name(self, node: ast.Name) -> None:
        if node.id not in self._known:
            raise self._error(node, f"no grader is called {node.id}; there are {', '.join(sorted(self._known))}")
        self.names.add(node.id)

    def _call(self, node: ast.Call) -> list[ast.expr]:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in FUNCTIONS or node.keywords:
            raise self._error(node, f"only the functions {', '.join(FUNCTIONS)} are allowed")
        _, fewest, most = FUNCTIONS[name]
        if not fewest <= len(node.args) <= most:
            wanted = "one argument" if most == 1 else f"{fewest} to {most} arguments"
            raise self._error(node, f"{name} takes {wanted}")
        return node.args

    def _error(self, node: ast.expr, why: str) -> FormulaError:
        return FormulaError(f"character {self._place(node.col_offset)}: {why}")


def _value(node: ast.expr, scores: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return BINARY[type(node.op)](_value(node.left, scores), _value(node.right, scores))
    if isinstance(node, ast.UnaryOp):
        return UNARY[type(node.op)](_value(node.operand, scores))
    if isinstance(node, ast.Name):
        return scores[node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id][0](*(_value(argument, scores) for argument in node.args))
    assert isinstance(node, ast.Constant)
    return float(node.value)  # type: ignore[arg-type]
