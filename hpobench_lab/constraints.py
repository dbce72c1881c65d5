"""Known constraints between parameters, written as text: ``"a + b <= 1"``.

Text can be hashed, stored with results and read by people; a lambda cannot. Allowed are the names
of numeric parameters, numbers, ``+ - * / **``, unary minus, parentheses, comparisons and ``and``,
``or``, ``not``. A comparison that involves an inactive parameter holds.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constraint"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_ARITHMETIC: dict[type[ast.operator], Callable[..., FloatArray]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[..., BoolArray]] = {
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Constraint:
    """Compile one constraint; call it with columns of values.

    Args:
        text: The expression, such as ``"min_leaf < min_split"``.
        names: Numeric parameters that it may name.

    Raises:
        ValueError: If the text is no expression of the allowed form or names something unknown.

    >>> both = Constraint("a + b <= 1", ["a", "b"])
    >>> both({"a": np.array([0.2, 0.9]), "b": np.array([0.3, 0.3])})
    array([ True, False])
    """

    def __init__(self, text: str, names: list[str]) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise ValueError(f"constraint {text!r} is not an expression: {error.msg}") from None
        self._check(self._tree, names, truth=True)

    def __call__(self, columns: Mapping[str, FloatArray]) -> BoolArray:
        """Return which rows satisfy the constraint, shape (n,)."""
        with np.errstate(all="ignore"):
            return self._truth(self._tree, columns)

    def _check(self, node: ast.expr, names: list[str], *, truth: bool) -> None:
        match node:
            case ast.BoolOp(values=parts) if truth:
                for part in parts:
                    self._check(part, names, truth=True)
            case ast.UnaryOp(op=ast.Not(), operand=part) if truth:
                self._check(part, names, truth=True)
            case ast.Compare(left=left, ops=ops, comparators=right) if truth and all(
                type(op) in _COMPARISONS for op in ops
            ):
                for part in (left, *right):
                    self._check(part, names, truth=False)
            case ast.BinOp(left=left, op=op, right=right_side) if (
                not truth and type(op) in _ARITHMETIC
            ):
                self._check(left, names, truth=False)
                self._check(right_side, names, truth=False)
            case ast.UnaryOp(op=ast.USub(), operand=part) if not truth:
                self._check(part, names, truth=False)
            case ast.Constant(value=int() | float()) if not truth:
                pass
            case ast.Name(id=name) if not truth:
                if name not in names:
                    raise ValueError(
                        f"constraint {self.text!r} names {name!r}, which is no numeric parameter"
                    )
            case _:
                raise ValueError(
                    f"constraint {self.text!r} may hold only parameters, numbers, + - * / **, "
                    f"comparisons and and/or/not; got {ast.unparse(node)!r}"
                )

    def _truth(self, node: ast.expr, columns: Mapping[str, FloatArray]) -> BoolArray:
        match node:
            case ast.BoolOp(op=op, values=parts):
                truths = [self._truth(part, columns) for part in parts]
                reduce = np.logical_and if isinstance(op, ast.And) else np.logical_or
                return np.asarray(reduce.reduce(truths))
            case ast.UnaryOp(operand=part):
                return ~self._truth(part, columns)
            case ast.Compare(left=left, ops=ops, comparators=right):
                terms = [self._number(part, columns) for part in (left, *right)]
                held = [
                    _COMPARISONS[type(op)](a, b) | np.isnan(a) | np.isnan(b)
                    for op, a, b in zip(ops, terms, terms[1:], strict=False)
                ]
                return np.asarray(np.logical_and.reduce(held))
            case _:
                raise AssertionError(ast.unparse(node))

    def _number(self, node: ast.expr, columns: Mapping[str, FloatArray]) -> FloatArray:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](
                    self._number(left, columns), self._number(right, columns)
                )
            case ast.UnaryOp(operand=part):
                return -self._number(part, columns)
            case ast.Name(id=name):
                return columns[name]
            case ast.Constant(value=value):
                return np.asarray(value, dtype=np.float64)
            case _:
                raise AssertionError(ast.unparse(node))
