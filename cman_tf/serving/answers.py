"""The JSON that the service gives, as the API page and /openapi.json describe it."""

# No `from __future__ import annotations`: pydantic reads the annotations, under Python 3.9, too.
from typing import Any, Dict, List, Optional, Tuple  # noqa: UP035

from pydantic import BaseModel, Field


class Entity(BaseModel):
    """An entity. `start` and `end` count tokens, `char_start` and `char_end` characters; ends are exclusive."""

    type: str
    start: int
    end: int
    char_start: int
    char_end: int
    text: str
    score: Optional[float]  # noqa: UP045


class Relation(BaseModel):
    """A relation. `head` and `tail` are positions in `entities`."""

    type: str
    head: int
    tail: int
    score: Optional[float]  # noqa: UP045
    head_text: str
    tail_text: str


class Result(BaseModel):
    """What was found in one text: the object that `cman-tf predict` prints for it."""

    id: Any = Field(None, description="The record's id, if it has one.")
    text: str
    tokens: List[str]  # noqa: UP006
    offsets: List[Tuple[int, int]]  # noqa: UP006
    entities: List[Entity]  # noqa: UP006
    relations: List[Relation]  # noqa: UP006
    candidates: List[Relation] = Field([], description="With all_scores; left out if there are none.")  # noqa: UP006
    ungrounded: List[Tuple[str, int, int]] = Field([], description="Left out if there are none.")  # noqa: UP006
    sentences: List[Tuple[int, int]] = Field([], description="Left out if there is one.")  # noqa: UP006
    pieces: int = Field(1, description="Left out if it is 1.")


class ExtractAnswer(BaseModel):
    """The results, in the order of the texts."""

    results: List[Result]  # noqa: UP006


class ErrorAnswer(BaseModel):
    """Why there is no result."""

    error: str = Field(description="One line: what was found, and what is expected.")


class HealthAnswer(BaseModel):
    """Whether the service takes requests."""

    status: str = Field(description="ok, or stopping (with status 503).")


class VersionAnswer(BaseModel):
    """The version, the model and the limits."""

    version: str
    model: str
    name: str
    tokenizer: str
    entity_types: List[str]  # noqa: UP006
    relation_types: List[str]  # noqa: UP006
    options: Dict[str, Any] = Field(description="The service's values of the options.")  # noqa: UP006
    limits: Dict[str, float]  # noqa: UP006
