"""The JSON that the service gives, as the API page and /openapi.json describe it."""

# No `from __future__ import annotations`: pydantic reads the annotations, under Python 3.9, too.
from typing import Any, Optional

from pydantic import BaseModel, Field


class Entity(BaseModel):
    """An entity. `start` and `end` count tokens, `char_start` and `char_end` characters; ends are exclusive."""

    type: str
    start: int
    end: int
    char_start: int
    char_end: int
    text: str
    score: Optional[float]


class Relation(BaseModel):
    """A relation. `head` and `tail` are positions in `entities`."""

    type: str
    head: int
    tail: int
    score: Optional[float]
    head_text: str
    tail_text: str


class Result(BaseModel):
    """What was found in one text: the object that `cman-tf predict` prints for it."""

    id: Any = Field(None, description="The record's id, if it has one.")
    text: str
    tokens: list[str]
    offsets: list[tuple[int, int]]
    entities: list[Entity]
    relations: list[Relation]
    candidates: list[Relation] = Field([], description="With all_scores; left out if there are none.")
    ungrounded: list[tuple[str, int, int]] = Field([], description="Left out if there are none.")
    sentences: list[tuple[int, int]] = Field([], description="Left out if there is one.")
    pieces: int = Field(1, description="Left out if it is 1.")


class ExtractAnswer(BaseModel):
    """The results, in the order of the texts."""

    results: list[Result]


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
    entity_types: list[str]
    relation_types: list[str]
    thresholds: str = Field("default", description="default, or tuned: those that were stored with the model.")
    tuned: Optional[dict[str, Any]] = Field(
        None, description="The tuned thresholds and temperatures, if they are used."
    )
    options: dict[str, Any] = Field(
        description="The service's values of the options. A threshold that is null is the tuned one."
    )
    limits: dict[str, float]
