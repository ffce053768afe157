"""The messages about an agreement: each problem as one sentence with file, key, value found and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from features.home.errors import LeadlightError

KeyPath = tuple[int | str, ...]


class AgreementError(LeadlightError):
    """An agreement with problems: the first is the message, `others` are the sentences of the rest."""

    code = "agreement_invalid"

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(sentences[0])
        self.others = tuple(sentences[1:])


def refusal(problem: str, remedy: str, where: tuple[str, ...] = (), found: object = None) -> PydanticCustomError:
    """An error for a validator to raise; `where` and `found` narrow it to a part of the value being validated."""
    context = {"problem": problem, "remedy": remedy, "where": where, "found": found}
    return PydanticCustomError("refused", "{problem}; {remedy}", context)


def problem_sentence(file: str, path: KeyPath, found: object, problem: str, remedy: str) -> str:
    """One problem as a sentence for people; `found` is None where the key itself is the problem."""
    key = ".".join(map(str, path))
    return f"{file}: {key if found is None else f'{key} = {shown_value(found)}'} {problem}; {remedy}"


def shown_value(value: object) -> str:
    """A value about as TOML writes it, cut to 80 characters."""
    whole = isinstance(value, float) and value.is_integer()
    text = str(value).lower() if isinstance(value, bool) else f"{value:.0f}" if whole else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The remedy for an unknown word: the nearest known one, else all of them."""
    near = get_close_matches(word, known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"write one of {', '.join(known)}" if known else "remove it"


def problem_sentences(failure: ValidationError, model: type[BaseModel], file: str) -> list[str]:
    """One sentence per problem that pydantic found; unknown keys first, as a misspelt key often causes the rest."""
    errors = sorted(failure.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
    return [_sentence(error, model, file) for error in errors]


def _sentence(error: ErrorDetails, model: type[BaseModel], file: str) -> str:
    path = tuple(part for part in error["loc"] if part != "[key]")
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "refused":
        found = context["found"] if context["where"] else error["input"]
        return problem_sentence(file, path + context["where"], found, context["problem"], context["remedy"])
    if error["type"] == "missing":
        return f"{file}: {'.'.join(map(str, path))} is missing; write {_example(model, path)}"
    if error["type"] == "extra_forbidden":
        found = None if isinstance(error["input"], Mapping) else error["input"]
        return problem_sentence(file, path, found, "is not known here", _unknown_key(model, path))
    return problem_sentence(file, path, error["input"], _problem(error), _remedy(error, model, path))


def _problem(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "literal_error":
        return "is no choice"
    if error["type"] in _BOUNDS:
        word, limit = _BOUNDS[error["type"]]
        return f"is {word} {context[limit]:g}"
    return _PROBLEMS.get(error["type"], f"cannot be read ({error['msg'].lower()})")


_BOUNDS = {
    "greater_than": ("not above", "gt"),
    "greater_than_equal": ("under", "ge"),
    "less_than": ("not under", "lt"),
    "less_than_equal": ("over", "le"),
}
_PROBLEMS = {
    "string_type": "is no text",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "has another form",
    "int_type": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": "is no number",
    "finite_number": "is no finite number",
    "bool_type": "is neither true nor false",
    "tuple_type": "is no list",
    "list_type": "is no list",
    "dict_type": "is no table",
    "model_type": "is no table",
    "model_attributes_type": "is no table",
}


def _remedy(error: ErrorDetails, model: type[BaseModel], path: KeyPath) -> str:
    path = tuple(part for part in path if isinstance(part, str))  # a place in a list is no key
    if error["type"] == "literal_error":
        field = _field(model, path)
        return did_you_mean(str(error["input"]), _choices(field.annotation if field else None))
    return f"write for example {_example(model, path)}"


def _example(model: type[BaseModel], path: KeyPath) -> str:
    """The field's own example, written as a line of the agreement."""
    field = _field(model, path)
    if field and field.examples:
        return str(field.examples[0])
    return f"[{path[-1]}] and its lines below it" if len(path) == 1 else f"{path[-1]} = {{ ... }}"


def _unknown_key(model: type[BaseModel], path: KeyPath) -> str:
    owner = _owner(model, path)
    key, known = str(path[-1]), list(_keys(owner)) if owner else []
    elsewhere = [name for name, section in _sections(model) if key in _keys(section)]
    if elsewhere and not get_close_matches(key, known, n=1):
        return f"it belongs in [{elsewhere[0]}]"
    return did_you_mean(key, known)


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in _keys(model).items():
        section, by_name = _nested(field.annotation)
        if section and not by_name:
            yield name, section


def _keys(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    # A field without init is filled from the line's own key, never written.
    return {field.alias or name: field for name, field in model.model_fields.items() if field.init is not False}


def _owner(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The model whose key the last part of the path is."""
    owner: type[BaseModel] | None = model
    steps = iter(path[:-1])
    for step in steps:
        field = _keys(owner).get(str(step)) if owner else None
        owner, by_name = _nested(field.annotation) if field else (None, False)
        if by_name:
            next(steps, None)
    return owner


def _field(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    owner = _owner(model, path)
    return _keys(owner).get(str(path[-1])) if owner and path else None


def _nested(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model inside an annotation, and whether it stands under names of the user's own choosing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for inner in get_args(annotation):
        nested, by_name = _nested(inner)
        if nested:
            return nested, by_name or get_origin(annotation) is dict
    return None, False


def _choices(annotation: Any) -> tuple[str, ...]:
    found = get_args(annotation)
    if found and all(isinstance(choice, str) for choice in found):
        return found
    return next((choices for inner in found if (choices := _choices(inner))), ())
