"""The `when` expressions: a small whitelist of Python's expression grammar, without calls, checked once and evaluated many times.

Allowed: constants, names, lists, tuples, attributes of names (`kb.price`), unary minus, and/or/not, `== != < <= > >= in not in`.
A compiled expression never raises while it is evaluated: what is missing is 0, what cannot be compared is not true.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "Expression", "compile_expression"]

MAX_LENGTH = 1000
MAX_DEPTH = 30

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
}
_WORDS = {"true": True, "false": False, "none": None, "null": None}
_FORBIDDEN = {
    ast.Call: "calls are not allowed",
    ast.BinOp: "arithmetic is not allowed (a name with `-` cannot be used in an expression)",
    ast.Lambda: "lambda is not allowed",
    ast.Subscript: "[...] after a name is not allowed; write kb.price",
    ast.Dict: "mappings are not allowed",
    ast.Set: "sets are not allowed; write a list [...]",
    ast.IfExp: "if/else is not allowed",
    ast.JoinedStr: "f-strings are not allowed",
    ast.NamedExpr: "assignment is not allowed; compare with ==",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `names` are the names it reads, dotted (`kb.price`, `milestone`)."""

    text: str
    names: frozenset[str]
    _tree: ast.expr = field(repr=False, compare=False)

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value under `names` (nested mappings for dotted names). Never raises; what is missing is 0.

        Comparing what cannot be compared is False (`not in` is True exactly when `in` is not).
        """
        return _value(self._tree, names)


def compile_expression(text: str) -> Expression:
    """Check and compile. Raises ValueError, with a message for the author, for anything outside the whitelist.

    Limits: 1000 characters, 30 levels of nesting.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH} characters")
    source = text.strip().replace("\r", " ").replace("\n", " ")
    if not source:
        raise ValueError("the expression is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise ValueError(_syntax_message(source, error)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the expression cannot be read: {error or 'it is nested too deeply'}") from None
    names: set[str] = set()
    _check(tree, names, 0)
    return Expression(text, frozenset(names), tree)


def _syntax_message(source: str, error: SyntaxError) -> str:
    if "=" in source and not any(op in source for op in ("==", "!=", "<=", ">=")):
        return "a single `=` does not compare; write `==`"
    if "&&" in source or "||" in source:
        return "write `and` and `or` instead of && and ||"
    where = f" near column {error.offset}" if error.offset else ""
    return f"not a valid expression{where}: {error.msg}"


def _check(node: ast.expr, names: set[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"the expression is nested deeper than {MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=value):
            if value is not None and not isinstance(value, str | int | float):
                raise ValueError(f"{value!r} is not allowed here; use text, numbers, True, False or None")
        case ast.Name(id=name):
            if name not in _WORDS:
                names.add(name)
        case ast.Attribute():
            names.add(_dotted(node))
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.BoolOp(values=items):
            for item in items:
                _check(item, names, depth + 1)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            _check(operand, names, depth + 1)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            if any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                raise ValueError("`is` is not allowed; write `==`")
            for item in (left, *rights):
                _check(item, names, depth + 1)
        case _:
            raise ValueError(_FORBIDDEN.get(type(node), f"{type(node).__name__} is not allowed in an expression"))


def _dotted(node: ast.Attribute) -> str:
    parts: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        raise ValueError("a dot may only follow a name, as in kb.price")  # noqa: TRY004 - wrong text, not a wrong type
    if len(parts) > 3:
        raise ValueError("too many dots in a name")
    return ".".join((inner.id, *reversed(parts)))


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _WORDS[name] if name in _WORDS and name not in names else names.get(name, 0)
        case ast.Attribute(value=owner, attr=attr):
            holder = _value(owner, names)
            return holder.get(attr, 0) if isinstance(holder, Mapping) else 0
        case ast.List(elts=items):
            return [_value(item, names) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, names) for item in items)
        case ast.BoolOp(op=op, values=items):
            return _junction(isinstance(op, ast.And), items, names)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.UnaryOp(operand=operand):
            value = _value(operand, names)
            return -value if isinstance(value, int | float) else 0
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _chain(left, ops, rights, names)
    raise AssertionError(f"unchecked node {node!r}")  # pragma: no cover - _check lets nothing else through


def _junction(all_of: bool, items: list[ast.expr], names: Mapping[str, Any]) -> Any:
    result: Any = all_of
    for item in items:
        result = _value(item, names)
        if bool(result) != all_of:
            break
    return result


def _chain(left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], names: Mapping[str, Any]) -> bool:
    first = _value(left, names)
    for op, right in zip(ops, rights, strict=True):
        second = _value(right, names)
        if not _compare(op, first, second):
            return False
        first = second
    return True


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(op, ast.NotIn):
        return not _compare(ast.In(), left, right)
    try:
        return bool(_COMPARE[type(op)](left, right))
    except TypeError:
        return False
