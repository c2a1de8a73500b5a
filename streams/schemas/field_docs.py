"""What each field of a record is, in the words under it in the source: the descriptions in the schemas."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import msgspec
from msgspec import Struct

__all__ = ["field_descriptions", "structs_of"]


def field_descriptions(record: type[Struct]) -> Mapping[str, str]:
    """The description of each field that has one, by its name, those of base classes among them."""
    found: dict[str, str] = {}
    for cls in reversed(record.__mro__):
        if cls is not Struct and issubclass(cls, Struct):
            found |= _own(cls)
    return found


def structs_of(payload: object) -> dict[str, type[Struct]]:
    """Every record type in a payload's type, by its name."""
    found: dict[str, type[Struct]] = {}
    waiting = [msgspec.inspect.type_info(payload)]
    while waiting:
        match waiting.pop():
            case msgspec.inspect.StructType(cls=cls, fields=fields):
                if cls.__name__ not in found:
                    found[cls.__name__] = cls
                    waiting += [field.type for field in fields]
            case msgspec.inspect.UnionType(types=types):
                waiting += types
            case msgspec.inspect.Metadata(type=inner):
                waiting.append(inner)
            case msgspec.inspect.CollectionType(item_type=inner) | msgspec.inspect.VarTupleType(item_type=inner):
                waiting.append(inner)
            case msgspec.inspect.TupleType(item_types=types):
                waiting += types
            case msgspec.inspect.DictType(value_type=inner):
                waiting.append(inner)
            case _:
                pass
    return found


@cache
def _own(cls: type[Struct]) -> Mapping[str, str]:
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101  # the source of a class is one
    found = {}
    for field, said in pairwise(definition.body):
        match field, said:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                found[name] = inspect.cleandoc(words)
            case _:
                pass
    return found
