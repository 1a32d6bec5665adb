"""How is a struct that an answer carries described in OpenAPI? By a model made from its fields, not written twice."""

from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, create_model


@cache
def model_of(struct: type[msgspec.Struct]) -> type[BaseModel]:
    """A pydantic model with the fields, the defaults and the docstring of a struct, and of the structs within."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        default = field.default if field.default is not msgspec.NODEFAULT else ...
        fields[field.name] = (_type(field.type), default)
    model: type[BaseModel] = create_model(f"{struct.__name__}Model", __doc__=struct.__doc__, **fields)
    return model


def _type(stated: Any) -> Any:
    if isinstance(stated, type) and issubclass(stated, msgspec.Struct):
        return model_of(stated)
    origin, arguments = get_origin(stated), get_args(stated)
    if origin is None:
        return stated
    inner = tuple(argument if argument is Ellipsis else _type(argument) for argument in arguments)
    if origin is tuple:
        return list[inner[0]]  # type: ignore[valid-type]
    if origin in (UnionType, Union):
        return Union[inner]  # noqa: UP007 - of as many as there are
    return origin[inner]
