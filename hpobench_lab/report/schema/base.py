"""What every part of ``result.json`` keeps to: known keys only, and a reason beside every null."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

__all__ = ["Number", "Part", "numbers"]

Number = float | None
"""A number; where it is null, the key ``<name>_reason`` beside it says why."""


class Part(BaseModel):
    """A part of the document; unknown keys are refused, a null number needs its reason."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _reasons(cls, data: Any) -> Any:
        """Take the reasons out and refuse a null number without one."""
        if not isinstance(data, dict):
            return data
        rest = dict(data)
        for name in numbers(cls):
            reason = rest.pop(f"{name}_reason", "")
            if rest.get(name, 0) is None and not reason:
                raise ValueError(f"{name} is null and {name}_reason does not say why")
        return rest

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema: dict[str, Any] = handler.resolve_ref_schema(handler(core))
        schema.pop("additionalProperties", None)
        rules = []
        for name in numbers(cls):
            key = f"{name}_reason"
            text = f"Why {name} is null; absent when it is not."
            schema["properties"][key] = {"type": "string", "description": text}
            null = {"properties": {name: {"type": "null"}}, "required": [name]}
            rules.append({"if": null, "then": {"required": [key]}})
        return schema | ({"allOf": rules} if rules else {})


def numbers(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys that are a number or part that may be null."""
    for name, field in model.model_fields.items():
        kinds = get_args(field.annotation)
        parts = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if type(None) in kinds and (float in kinds or parts):
            yield name
