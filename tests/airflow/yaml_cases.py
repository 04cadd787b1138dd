"""yaml_cases.py: YAML texts and what PyYAML reads from them, as `tests/golden/yaml.jsonl` has it.

Run in the venv of an Airflow; prints one line of JSON for each text: the text, and by id the value as JSON (null for
one that JSON cannot spell, such as a date), or that PyYAML refuses the whole text. Keys that are no text are counted.
"""

import json
import sys

from airflow.utils import yaml

SCALARS = """
yes no Yes NO yES on Off OFF true True TRUE tRUE false y n ~ null Null NULL nULL Nil none
0 1 -1 +1 010 -010 +010 08 09 0o10 0x1F -0xff 0xg 0b101 0b102 1_000 _1 1_ 0_ 0_7 0x_f 0b_ 0x_ 1__0 00
190:20:30 1:30 -1:30 +1:59 1:60 1:5 1:05:59 0:30 01:30 1:30.5 1:2: 12:30:45.
1.0 1. .5 -.5 +.5 -1.5 1e3 1.e+3 1.0e3 1.0e+3 1.0E-3 1_0.5_0 1._ ._5 . .. .e+1 1.5.5 .inf -.inf +.INF .Inf .iNF .nan .NaN .NAN -.nan nan inf NaN
2024-01-01 2024-1-1 2024-13-45 2024-01-01T10:00:00Z 2024-1-1t1:00:00 24-01-01 2024-01-01T10:00 2024-01
= << <<< - -- -a ?a a:b a::b http://h:80/p a#b postgres://u:p%40@h/s?x=1 1.2.3 1,2 v1 0.0.0.0 12e03 1e+5 0e0 -0 -0.0 +.5e+3
123456789012345678901234567890 0xffffffffffffffffff 1:99 99:59 %a `a @a *a &a !a |a >a
""".split()

TEXTS = [f"a: {scalar}\n" for scalar in SCALARS] + [f"{scalar}: v\n" for scalar in SCALARS] + [
    "", "\n", "# only a comment\n", "{}", "{}\n", "---\n", "--- {}\n", "[]", "[a, b]", "text", "5", "null",
    "a: 1\n...\n", "a: 1\n---\nb: 2\n", "---\na: 1\n", "--- a: 1\n", "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: yes\n", "%YAML 2.0\n---\na: 1\n",
    "%TAG ! tag:example.com,2000:\n---\na: !x 1\n", "%TAG !! tag:yaml.org,2002:\n---\na: !!str 1\n",
    "a: 1\nb: 2\na: 3\n", "a: 'it''s'\n", 'a: "x\\ny\\t\\u00e9\\U0001F980\\x41\\e\\/"\n', 'a: "\\ud83e\\udd80"\n', 'a: "bad \\q"\n',
    "a: |\n  one\n  two\n", "a: |-\n  one\n  two\n\n", "a: |+\n  one\n\n\nb: 1\n", "a: >\n  one\n  two\n\n  three\n", "a: >-\n  x\n    y\n  z\n",
    "a: |2\n   x\n", "a: |\n\n  x\n", "a: |\nb: 1\n", "a: one\n  two\n  three\n", "a: 'one\n  two\n\n  three'\n", 'a: "one\n  two\\\n  three"\n',
    "a:\n  - 1\n  - b: 2\n    c: [x, {y: z}]\n", "a:\n- 1\n- 2\nb: 3\n", "a: {b: 1, c: [2, 3], d: }\n", "a: {b, c}\n", "a: [1, 2,]\n", "a: {b: 1,}\n",
    "a: {b:1}\n", "a: {b: http://h:1/}\n", "a: [a b, c d]\n", "{a: 1, b: yes}", '{"a": "1", "b": [null]}', '{"a":1}', "{a: 1\n, b: 2}", '{"a": 1, "b": "x\\/y"}',
    "a:\tx\n", "a:\n\tb: 1\n", "a: x\t# c\n", "a: x # c\n", "a: x#c\n", "a: '#'\n", "a: # c\n  x\n", "a:\n", "a: \nb:\n", "a: ''\n", 'a: ""\n', "'a': 1\n", '"a": 1\n', "a b: 1\n",
    "? a\n: 1\n", "? [a]\n: 1\n", "? {a: b}\n: 1\n", "? |\n  a\n: 1\n", "? a\n", "a : 1\n", "a: b: c\n", "- a\n", "a\n", "a: 1\n b: 2\n", "a: 1\n  b: 2\n", "  a: 1\n  b: 2\n", "a:\n b: 1\n c: 2\n",
    "a: &x 1\nb: *x\n", "a: &x {y: 1}\nb: *x\n", "b: *x\n", "a: &x 1\nb: &x 2\nc: *x\n", "&k a: 1\n*k : 2\n", "a: &x [*x]\n", "&x a: *x\n", "a: &x\nb: *x\n",
    "d: &d {p: 1, q: 2}\na:\n  <<: *d\n  q: 3\n", "d: &d {p: 1}\ne: &e {p: 2, r: 3}\na: {<<: [*d, *e], s: 4}\n", "<<: {a: 1}\nb: 2\n", "<<: {a: 1, b: 3}\nb: 2\n",
    "b: 2\n<<: [{a: 1}, {a: 2, c: 3}]\n", "a: {<<: 5}\n", "a: {<<: [1]}\n", "'<<': 1\n", "a: {'<<': 1}\n", "a: {=: 1}\n", "=: 1\n", "a: {1: x}\n", "a: {yes: x}\n", "a: {~: x}\n",
    "a: !!str 5\n", "a: !!str yes\n", "a: !!int '5'\n", "a: !!int x\n", "a: !!float 1\n", "a: !!float '1.5'\n", "a: !!float x\n", "a: !!bool 'yes'\n", "a: !!bool x\n", "a: !!null x\n",
    "a: !!binary aGk=\n", "a: !!timestamp 2024-01-01\n", "a: !!set {x, y}\n", "a: !!omap [x: 1]\n", "a: !!pairs [x: 1]\n", "a: !!seq [1]\n", "a: !!map {x: 1}\n", "a: !!seq {x: 1}\n", "a: !!map [1]\n", "a: !!str {x: 1}\n", "a: !!str [1]\n", "a: !!int {x: 1}\n",
    "a: ! 5\n", "a: ! '5'\n", "a: !x 5\n", "a: !<tag:yaml.org,2002:str> 5\n", "a: !!python/name:os.system x\n", "!!str 5: 1\n", "!!map {a: 1}\n", "!!set {a}\n", "!!omap [a: 1]\n", "!x {a: 1}\n", "!!map\na: 1\n", "&r\na: 1\n", "&r {a: 1}\n",
    "a: x\r\nb: |\r\n  one\r\n  two\r\n", "a: x\rb: y\r", "a: 'x\r\n  y'\r\n", "\ufeffa: 1\n", "a: \ufeffx\n", "a: x\u0085b: y\n", "a: x\u2028b: y\n", "a: \"x\u0085 y\"\n", "a: \"x\u2028 y\"\n", "a: x\u00a0y\n", "a: \u0001\n", "a: \"\u0001\"\n", "a: \u007f\n", "a: \U0001f980\n", "a: \ufffe\n", "Ü: ü\n", "a: \"\\N\\_\\L\\P\\0\"\n",
    "a: @x\n", "a: `x\n", "a: %x\n", "%a: x\n", "a: ,x\n", "a: [x\n", "a: {x\n", "a: 'x\n", 'a: "x\n', "a: ]\n", "a: }\n", "a: x]\n", "a: x, y\n", "a: ? x\n", "a: ?x\n", "a: -x\n", "a: - x\n", "a: :x\n", "a: : x\n", "a: >x\n",
    "x" * 1030 + ": 1\n", '"' + "x" * 1030 + '": 1\n', "x" * 1020 + ": 1\n", "? " + "x" * 1030 + "\n: 1\n", "a: " + "[" * 60 + "]" * 60 + "\n",
    "conn:\n  conn_type: postgres\n  host: h\n  port: 5432\n  extra: '{\"a\": 1}'\nother: postgres://u@h\n", "a: 5432\nb: '5432'\n# end\n", "\n\n# head\na: 1\n\n# between\nb: 2 # tail\n\n",
]


def is_json(value):
    """Whether JSON can spell it without changing a key."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    return value is None or isinstance(value, (bool, int, float, str))


def spelled(value):
    """The value as JSON; null where there is none."""
    try:
        return json.dumps(value) if is_json(value) else None
    except (ValueError, RecursionError):
        return None


def read(text):
    """What PyYAML makes of a text."""
    try:
        # As `open()` hands it over.
        loaded = yaml.safe_load(text.replace("\r\n", "\n").replace("\r", "\n"))
    except Exception:  # of a dozen classes
        return {"refused": True}
    if not isinstance(loaded, dict):
        return {"refused": True}
    entries = {key: spelled(value) for key, value in loaded.items() if isinstance(key, str)}
    return {"entries": entries, "other_keys": sum(not isinstance(key, str) for key in loaded)}


def main():
    """Prints every text once."""
    for text in dict.fromkeys(TEXTS):
        json.dump({"text": text, **read(text)}, sys.stdout, sort_keys=True)
        print()


if __name__ == "__main__":
    main()
