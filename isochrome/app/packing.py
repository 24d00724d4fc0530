"""Answers as one text that is small when it is zipped, and the script that reads them back, each when it is asked for.

Pictures of one layer differ in few things: which elements they have, where those lie and what colour they are stand in
texts of their own, each written once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["UNPACK", "pack"]

RECORD, UNIT = "\x1e", "\x1f"
"""What stands between texts, and between the values of a column: neither is in any text that is shown."""
FIRST = 0xC0
"""The character that stands for the first form of an element."""
_PART = re.compile(r' ([\w:-]+)="([^"]*)"|>([^<]*)')
_BETWEEN = re.compile(r' ([\w:-]+)"|>')
JSON, DRAWING, TABLE = range(3)


def pack(answers: Mapping[str, Mapping[str, Any]]) -> str:
    """Records: first, as JSON, the forms of elements, the paths, and for each path a row of numbers of texts; then the
    texts.

    A row has the names of an answer's fields, then the fields: how a field is written, and its texts. JSON is one text;
    a drawing has its elements, each a character, then the values of each attribute in the order in which they are met;
    a table has its head, then its columns. The number of a text is told from the last one in the same place.

    >>> records = pack({"a": {"svg": '<svg a="1"><g a="2"/></svg>'}}).split(RECORD)
    >>> json.loads(records[0])
    [['', 'svg a">', 'g a"/>', '/svg>'], ['a'], [[[0, 3], [1, 0, 2, 1]]]]
    >>> records[1:]
    ['ÀÁÂÃ', '\\x1f\\x1f', '1\\x1f2', '["svg"]']
    """
    found = _Packed()
    rows = [found.row(answer) for answer in answers.values()]
    order = sorted(found.texts, key=lambda one: one[0])
    at = {found.texts[key]: number for number, key in enumerate(order)}
    last: dict[tuple[int, int, int], int] = {}

    def told(field: int, how: int, texts: Sequence[int]) -> list[int]:
        steps = []
        for place, text in enumerate(texts):
            steps.append(at[text] - last.get((field, how, place), 0))
            last[field, how, place] = at[text]
        return [how, *steps]

    placed = [[told(number, *field) for number, field in enumerate(row)] for row in rows]
    return RECORD.join([_json([list(found.forms), list(answers), placed]), *(text for _, text in order)])


class _Packed:
    """Texts by their kind, so that like ones stand together, and the forms of elements, numbered as they are met."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], int] = {}
        self.forms: dict[str, int] = {}

    def number(self, kind: str, text: str) -> int:
        return self.texts.setdefault((kind, text), len(self.texts))

    def row(self, answer: Mapping[str, Any]) -> list[tuple[int, list[int]]]:
        return [(JSON, [self.number("names", _json(list(answer)))]), *(self.field(*one) for one in answer.items())]

    def field(self, name: str, value: Any) -> tuple[int, list[int]]:
        if name == "svg" and (apart := _taken_apart(value)):
            between, values = apart
            shape = "".join(chr(FIRST + self.forms.setdefault(form, len(self.forms))) for form in between.split("<"))
            columns = [self.number(attribute, UNIT.join(column)) for attribute, column in values.items()]
            return DRAWING, [self.number("", shape), *columns]
        if name == "table" and value and value["rows"]:
            columns = [self.number("column", _json(column)) for column in zip(*value["rows"], strict=True)]
            return TABLE, [self.number("head", _json(value["head"])), *columns]
        return JSON, [self.number(f"field {name}", _json(value))]


def _taken_apart(svg: str) -> tuple[str, dict[str, list[str]]] | None:
    """What stands between the values of a drawing, and the values of each attribute; of ">" what is written there.

    None where the two could not be put together again.
    """
    first, *rest = _PART.split(svg)
    names, every, texts, after = (rest[place::4] for place in range(4))
    forms = [f' {name}"{more}' if name else f">{more}" for name, more in zip(names, after, strict=True)]
    between = first + "".join(forms)
    if RECORD in svg or UNIT in svg or len(_BETWEEN.findall(between)) != len(names):
        return None
    values: dict[str, list[str]] = {}
    for name, value, text in zip(names, every, texts, strict=True):
        values.setdefault(name or ">", []).append(value if name else text)
    return between, values


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


UNPACK = f"""\
const unpacked = (text) => {{
  const [index, ...texts] = text.split("\\x1e");
  const [forms, paths, rows] = JSON.parse(index);
  const json = (at) => JSON.parse(texts[at]);
  const written = [
    json,
    (shape, ...columns) => {{
      const left = {{}};
      const next = (name) => (left[name] ??= texts[columns.shift()].split("\\x1f").reverse()).pop();
      const between = [...texts[shape]].map((one) => forms[one.codePointAt(0) - {FIRST}]).join("<");
      const given = (_, name) => (name ? ` ${{name}}="${{next(name)}}"` : ">" + next(">"));
      return between.replace(/ ([\\w:-]+)"|>/g, given);
    }},
    (head, ...columns) => {{
      const values = columns.map(json);
      return {{ head: json(head), rows: values[0].map((_, row) => values.map((column) => column[row])) }};
    }},
  ];
  const answers = {{}};
  const last = {{}};
  rows.forEach((row, at) => {{
    const [names, ...fields] = row.map(([how, ...steps], field) =>
      [how, ...steps.map((step, k) => (last[[field, how, k]] = step + (last[[field, how, k]] ?? 0)))]);
    const read = ([how, ...texts]) => written[how](...texts);
    const get = () => Object.fromEntries(read(names).map((name, k) => [name, read(fields[k])]));
    Object.defineProperty(answers, paths[at], {{ enumerable: true, get }});
  }});
  return answers;
}};
"""
"""The same in the page: an object whose answers are put together when they are read."""
