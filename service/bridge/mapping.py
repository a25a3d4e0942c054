"""Which task becomes which event, and which of its arguments becomes which field. Values of the settings."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

SUBMITTED: Final = "document.submitted"
DELETED: Final = "document.deleted"
METADATA = "metadata."

_FIELDS = {
    DELETED: frozenset({"document_id", "version", "occurred_at"}),
    SUBMITTED: frozenset(
        {"document_id", "version", "occurred_at", "text", "data", "uri", "media_type", "title", "language", "metadata"}
    ),
}


class TaskMapping(BaseModel):
    """One task, as the settings describe it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: Literal["document.submitted", "document.deleted"] = SUBMITTED
    arguments: tuple[Annotated[str, Field(min_length=1)], ...] = ("document_id", "title", "text")
    """Names of the task's parameters, in the order of its positional arguments. A deletion has `document_id` and
    `version` unless others are given."""
    fields: Mapping[str, str | None] = {}
    """Field of the event for each parameter that has another name; `metadata.KEY` for the producer's own facts; null
    for a parameter that is of no use here."""

    @model_validator(mode="before")
    @classmethod
    def _default_arguments(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("event") == DELETED and "arguments" not in given:
            return {**given, "arguments": ("document_id", "version")}
        return given

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        known = _FIELDS[self.event]
        for parameter in (*self.arguments, *self.fields):
            field = self.field_of(parameter)
            if field is not None and field not in known and not self._is_own_fact(field):
                msg = (
                    f"expected parameter {parameter!r} to be a field of {self.event} "
                    f"({', '.join(sorted(known))}), metadata.KEY or null, got {field!r}"
                )
                raise ValueError(msg)
        return self

    def _is_own_fact(self, field: str) -> bool:
        return self.event == SUBMITTED and field.startswith(METADATA) and len(field) > len(METADATA)

    def field_of(self, parameter: str) -> str | None:
        """Return the event's field for a parameter; None when its value is of no use."""
        return self.fields.get(parameter, parameter)

    def fields_of(self, task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event's fields for a call.

        Raises:
            TypeError: the arguments do not fit, in Python's own words.

        """
        given = self._bound(task, args, kwargs)
        fields: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        for parameter, value in given.items():
            field = self.field_of(parameter)
            if field is None or value is None:
                continue
            if field.startswith(METADATA):
                metadata[field.removeprefix(METADATA)] = value
            else:
                fields[field] = value
        if metadata:
            own = fields.get("metadata") or {}
            fields["metadata"] = (dict(own) if isinstance(own, Mapping) else {}) | metadata
        return fields

    def _bound(self, task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if len(args) > len(self.arguments):
            msg = (
                f"{task}() takes {len(self.arguments)} positional arguments ({', '.join(self.arguments)}), "
                f"but {len(args)} were given; DOCGRAPH_CELERY_TASKS names them"
            )
            raise TypeError(msg)
        given = dict(zip(self.arguments, args, strict=False))
        for name, value in kwargs.items():
            if name in given:
                msg = f"{task}() got multiple values for argument {name!r}"
                raise TypeError(msg)
            if name not in self.arguments and name not in self.fields and name not in _FIELDS[self.event]:
                msg = (
                    f"{task}() got an unexpected keyword argument {name!r}; give it a field, metadata.{name} or null "
                    "under `fields` of this task in DOCGRAPH_CELERY_TASKS"
                )
                raise TypeError(msg)
            given[name] = value
        return given


Tasks = Mapping[str, TaskMapping]

DEFAULT_TASKS: Tasks = {
    "process_document": TaskMapping(),
    "delete_document": TaskMapping(event=DELETED),
}

_tasks: TypeAdapter[dict[str, TaskMapping]] = TypeAdapter(dict[str, TaskMapping])


def read_tasks(text: str) -> dict[str, TaskMapping]:
    """Read the setting: a JSON object of tasks by name.

    Raises:
        pydantic.ValidationError: it is none.

    """
    return _tasks.validate_json(text)


def write_tasks(tasks: Tasks) -> str:
    """Return the setting's text."""
    return _tasks.dump_json(dict(tasks), exclude_defaults=True).decode()
