"""One operation of the Fastly API: what it takes, what it answers, how it pages."""

from typing import Literal, NamedTuple

Place = Literal["path", "query", "header", "form", "body", "content"]
"""Where a parameter goes. `body` is one field of a JSON body, `content` the whole body."""

Returns = Literal["list", "object", "text", "anything", "nothing"]


class Field(NamedTuple):
    """One field: its name as a JMESPath (`versions[].number`), and its type in one word.

    `data.*.requests` is in an object of objects, whose names are ids or the like.
    """

    name: str
    type: str
    is_required: bool = False


class Parameter(NamedTuple):
    """One parameter by its wire name; `python_name` is the official client's where it differs.

    `type` is string, integer, number, boolean, date-time, date, object, file, any, or one of them
    in brackets for a list. `format` is how a list is written: csv, or multi for one each.
    `fields` are those of an object, or of a list's objects. Where `has_more_values`, `enum` only
    lists the values that are known.
    """

    name: str
    place: Place
    type: str
    python_name: str = ""
    required: bool = False
    nullable: bool = False
    enum: tuple[str | int, ...] = ()
    has_more_values: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    pattern: str = ""
    format: str = ""
    fields: tuple[Field, ...] = ()


class Paging(NamedTuple):
    """How to ask for the next page.

    `page` counts up (a Link header names the next where Fastly sends it); `cursor` sends what the
    last answer has at `next`, a dotted path; `jsonapi` counts up while `links.next` is there.
    `at` is the parameter that moves on, `size` the one for how many a page has.
    """

    way: Literal["page", "cursor", "jsonapi"]
    at: str
    size: str
    next: str = ""


class Operation(NamedTuple):
    """One operation.

    `items` is where the items are of an answer that is a list: a dotted path, empty for the whole
    answer, None where the answer is no list. `fields` are those of one item, else of the answer.
    """

    id: str
    group: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    host: str
    summary: str
    parameters: tuple[Parameter, ...]
    content_type: str
    accept: tuple[str, ...]
    returns: Returns
    items: str | None
    fields: tuple[Field, ...]
    paging: Paging | None = None

    @property
    def required(self) -> tuple[Parameter, ...]:
        """The parameters that may not be missing."""
        return tuple(each for each in self.parameters if each.required)
