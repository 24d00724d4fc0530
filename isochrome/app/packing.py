"""Answers as one text that is small when it is zipped, and the script that reads them back, each when it is asked for.

Pictures of one layer differ in few things: which elements they have, where those lie and what colour they are stand in
texts of their own, each written once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["UNPACK", "pack"]

RECORD, UNIT, STEPS = "\x1e", "\x1f", "\x1d"
"""What stands between texts, between the values of a column, and before a column of steps: none is in what is shown."""
FIRST = 0xC0
"""The character that stands for the first form of an element."""
_PART = re.compile(r' (?!(?:class|rx|font-size|text-anchor|stroke-width)=)([\w:-]+)="([^"]*)"|>([^<]*)')
"""A value that is cut out; of the attributes that only a few forms of elements have the value stays."""
_BETWEEN = re.compile(r' ([\w:-]+)=""|>')
JSON, DRAWING, TABLE = range(3)
STEPPED = frozenset("x y cx cy d transform data-x data-y data-w".split())
"""Attributes whose numbers run along the elements: written as steps from the last value of the same form."""
NUMBER = re.compile(r"-?\d+(?:\.\d{1,2})?")


def pack(answers: Mapping[str, Mapping[str, Any]]) -> str:
    """Records: first, as JSON, the forms of elements, the paths, and for each path a row of numbers of texts; then the
    texts.

    A row has the names of an answer's fields, then the fields: how a field is written, and its texts. JSON is one text;
    a drawing has its elements, each a character, then the values of each attribute in the order in which they are met;
    a table has its head, then its columns. The number of a text is told from the last one in the same place.

    >>> records = pack({"a": {"svg": '<svg x="1"><g x="3"/><g x="5"/></svg>'}}).split(RECORD)
    >>> json.loads(records[0])
    [['', 'svg x="">', 'g x=""/>', '/svg>'], ['a'], [[[0, 2], [1, 0, 3, 1]]]]
    >>> records[1:]
    ['ÀÁÂÂÃ', '\\x1f\\x1f\\x1f', '["svg"]', '\\x1d1\\x1f2\\x1f2']
    """
    found = _Packed()
    rows = [found.row(answer) for answer in answers.values()]
    order = sorted(found.texts, key=lambda text: found.texts[text][1])
    at = {found.texts[text][0]: number for number, text in enumerate(order)}
    last: dict[tuple[int, int, int], int] = {}

    def told(field: int, how: int, texts: Sequence[int]) -> list[int]:
        steps = []
        for place, text in enumerate(texts):
            steps.append(at[text] - last.get((field, how, place), 0))
            last[field, how, place] = at[text]
        return [how, *steps]

    placed = [[told(number, *field) for number, field in enumerate(row)] for row in rows]
    return RECORD.join([_json([list(found.forms), list(answers), placed]), *order])


class _Packed:
    """Texts by their kind, so that like ones stand together, and the forms of elements, numbered as they are met."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[int, str]] = {}
        self.forms: dict[str, int] = {}
        self.columns: dict[str, str] = {}

    def number(self, kind: str, text: str) -> int:
        return self.texts.setdefault(text, (len(self.texts), kind))[0]

    def column(self, attribute: str, *values: str) -> str:
        text = UNIT.join(values)
        if attribute not in STEPPED:
            return text
        if text not in self.columns:
            steps = _stepped(values)
            self.columns[text] = text if values != _walked(steps) else STEPS + UNIT.join(steps)
        return self.columns[text]

    def row(self, answer: Mapping[str, Any]) -> list[tuple[int, list[int]]]:
        return [(JSON, [self.number("names", _json(list(answer)))]), *(self.field(*one) for one in answer.items())]

    def field(self, name: str, value: Any) -> tuple[int, list[int]]:
        if name == "svg" and (apart := _taken_apart(value)):
            between, values = apart
            shape = "".join(chr(FIRST + self.forms.setdefault(form, len(self.forms))) for form in between.split("<"))
            columns = [self.number(attribute, self.column(attribute, *column)) for attribute, column in values.items()]
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
    forms = [f' {name}=""{more}' if name else f">{more}" for name, more in zip(names, after, strict=True)]
    between = first + "".join(forms)
    if {RECORD, UNIT, STEPS} & set(svg) or len(_BETWEEN.findall(between)) != len(names):
        return None
    values: dict[str, list[str]] = {}
    for name, value, text in zip(names, every, texts, strict=True):
        values.setdefault(name or ">", []).append(value if name else text)
    return between, values


def _stepped(values: Sequence[str]) -> tuple[str, ...]:
    """Each number less the one in the same place of the last value that is alike but for its numbers."""
    return _moved(values, lambda now, last: (now - last, now))


def _walked(steps: Sequence[str]) -> tuple[str, ...]:
    """The values of their steps."""
    return _moved(steps, lambda step, last: (last + step, last + step))


def _moved(values: Sequence[str], move: Callable[[int, int], tuple[int, int]]) -> tuple[str, ...]:
    """Values with what ``move`` gives for each number, in hundredths, and what it keeps of the last one."""
    kept: dict[str, list[int]] = {}
    found = []
    for value in values:
        numbers = [round(float(number) * 100) for number in NUMBER.findall(value)]
        form = NUMBER.sub(STEPS, value)
        both = [move(*pair) for pair in zip(numbers, kept.get(form, [0] * len(numbers)), strict=True)]
        kept[form] = [last for _, last in both]
        given = iter([f"{now / 100:.2f}".rstrip("0").removesuffix(".") for now, _ in both])
        found.append(NUMBER.sub(lambda _, given=given: next(given), value))  # type: ignore[misc]
    return tuple(found)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


JS_NUMBER = f"/{NUMBER.pattern}/g"
UNPACK = f"""\
const unpacked = (text) => {{
  const [index, ...texts] = text.split("\\x1e");
  const [forms, paths, rows] = JSON.parse(index);
  const json = (at) => JSON.parse(texts[at]);
  const column = (text) => {{
    if (text[0] !== "\\x1d") return text.split("\\x1f");
    const last = {{}};
    return text.slice(1).split("\\x1f").map((value) => {{
      const own = (last[value.replace({JS_NUMBER}, "\\x1d")] ??= []);
      let at = 0;
      return value.replace({JS_NUMBER}, (step) => {{
        own[at] = (own[at] ?? 0) + Math.round(100 * step);
        return own[at++] / 100;
      }});
    }});
  }};
  const written = [
    json,
    (shape, ...columns) => {{
      const left = {{}};
      const next = (name) => (left[name] ??= column(texts[columns.shift()]).reverse()).pop();
      const between = [...texts[shape]].map((one) => forms[one.codePointAt(0) - {FIRST}]).join("<");
      const given = (_, name) => (name ? ` ${{name}}="${{next(name)}}"` : ">" + next(">"));
      return between.replace(/ ([\\w:-]+)=""|>/g, given);
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
