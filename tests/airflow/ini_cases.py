"""ini_cases.py: texts of an airflow.cfg and what Airflow's parser reads from them, as `tests/golden/ini.jsonl` has it.

Run in the venv of an Airflow; prints one line of JSON for each text: the text, and by `section.option` the value (null
for one whose `%` cannot be filled in), or that the whole text is refused. Both Airflows give the same lines.
"""

import configparser
import json
import os
import random
import sys
import tempfile

PIECES = """
[core]|[core]|[a.b]|[ c ]|[x] ; y]|[]|[|DEFAULT|[DEFAULT]|fernet_key = k|fernet_key: k|Fernet_Key=K|x|x =|x = 1|x=%%|x=50%|y = %(x)s|y = %(nowhere)s
%(x)s|y=%(y)s|z = a ; b|z = a # b|# c|; c|  # c|  more|    more = 1|  [in]|	tab|=|= v|: v|a=b=c|a:b=c|é = ü|k = "q"|k = 'q'|k = ${X}|%|%(|%()s|%(X)s|x%y=1
""".replace("\n", "|").strip("|").split("|") + ["", " ", "\t", "\u00a0x = 1", "x = 1\u00a0", "x = \u2028y", "x = a\u0085b", "\ufeffx = 1", "\x1cx = 1", "x = 1\x0b", "rem x"]
ENDS = ["\n", "\n", "\n", "\n\n", "\r\n", "\r", ""]


def texts():
    """The same texts at each run."""
    choose = random.Random(20)
    for _ in range(600):
        lines = choose.choices(PIECES, k=choose.randint(1, 4))
        head = "[core]\n" if choose.random() < 0.8 else ""
        yield head + "".join(line + choose.choice(ENDS) for line in lines)


def parser_class():
    """A parser of Airflow's kind: what it changes of Python's own is how options are spelled."""
    from airflow.configuration import AirflowConfigParser

    class Parser(configparser.ConfigParser):
        optionxform = AirflowConfigParser.optionxform

    return Parser


def read(text, parser):
    """What is in a text."""
    with tempfile.NamedTemporaryFile("wb", suffix=".cfg", delete=False) as file:
        file.write(text.encode())
    try:
        parser.read(file.name, encoding="utf-8")
    except configparser.Error:
        return {"text": text, "refused": True}
    finally:
        os.unlink(file.name)
    entries = {}
    for section in parser.sections():
        for option in parser.options(section):
            try:
                entries[f"{section}.{option}"] = parser.get(section, option)
            except configparser.Error:
                entries[f"{section}.{option}"] = None
    return {"text": text, "entries": entries}


def main():
    """Prints the cases."""
    # Airflow 3 logs to stdout, which is for the cases alone.
    answers, sys.stdout = sys.stdout, sys.stderr
    kind = parser_class()
    for text in dict.fromkeys(texts()):
        print(json.dumps(read(text, kind())), file=answers)


if __name__ == "__main__":
    main()
