"""secrets_manager_cases.py: texts in AWS Secrets Manager and the connections Airflow reads, as `tests/golden/secrets_manager.jsonl` has it.

Run in the venv of an Airflow with the Amazon provider 9; needs no server, only the call to AWS is replaced. In the venv
of Airflow 2 it may be given wheels of older providers (4.1.0 for `full-url` and `split`, 8.29.0 for `url-encoded`):

    python secrets_manager_cases.py [FORM=WHEEL …]

Prints one line of JSON for each text and reader: the text, extra words if any, the old form if any, the reader, and the
fields, null for a connection that is not found, or the type of the error.
"""

import json
import logging
import os
import random
import sys
import tempfile
import types
import warnings
import zipfile

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
BACKEND = "airflow/providers/amazon/aws/secrets/secrets_manager.py"
KEYS = """login user username user_name password pass key host remote_host server port database schema conn_type conn_id
connection_type engine extra description uri team_name dbname dbInstanceIdentifier nick""".split()
VALUES = ["", "a", "p%2Fq", "é ✓", "a-b", "postgresql", "x y", "None", 5, 5432, 0, -1, 1.5, True, False, None, [], ["a"], {}, {"a": 1}]
EXTRAS = [{"a": 1.10}, {"a": {"b": [1, None]}}, "{}", '{"a": "x%20y"}', '{"a":  1}', "not json", "[1]", {}, None, 5, {"a%20b": "c%20d"}]
WORDS = {"login": ["nick", "nom"], "user": ["handle"], "schema": ["dbname"], "conn_type": ["kind"], "extra": ["options"],
         "password": ["secret", "login"], "host": ["address"], "port": ["p"]}

RDS = {"engine": "postgres", "username": "u", "password": "p@/%+ #", "host": "db.x.rds.amazonaws.com", "port": 5432,
       "dbname": "d", "dbInstanceIdentifier": "i"}

TEXTS = [
    "", " ", "\n", "{}", " {} ", "{", "}", "[]", '["h://x"]', "5", "hunter2", "null", '"h://x"', "'h://x'", "\ufeff{}",
    "\u00a0{}", "{}\u00a0", "\u2028h://x\u2028", " h://u:p@h/s?a=x \n", "h://x?a=1", "{'login': 'u'}", '{"login": "u",}',
    '{"login": "u"} x', '{"": "postgres://h"}', '{"uri": "h://x"}', '{"conn_uri": "h://x"}', '{"description": "d"}',
    '{"conn_id": "x", "conn_type": "mysql"}', '{"conn_type": "mysql", "conn_id": "x"}', '{"user": "a", "login": "b"}',
    '{"login": "a", "user": "b"}', '{"user": null, "login": "b"}', '{"user": "", "login": "b"}', '{"user": "a", "user": "b"}',
    '{"username": "a", "login": "b", "username": "c"}', '{"Login": "a"}', '{"login ": "a"}', '{"team_name": "t", "host": "h"}',
    '{"nick": "a", "login": "b"}', '{"login": "b", "nick": "a"}', '{"dbname": "d"}', '{"handle": "a"}', '{"options": {"a": 1}}',
    '{"login": "u", "password": "p"}', '{"password": "p", "login": "u"}', '{"kind": "k", "p": "80", "address": "h", "secret": "s"}',
    '{"port": "80"}', '{"port": " 8_0 "}', '{"port": "x"}', '{"port": 80.9}', '{"port": NaN}', '{"port": ""}', '{"port": 70000}',
    '{"extra": "{\\"a\\": \\"\\ud800\\"}"}', '{"login": "\\ud800"}', '{"login": "\\ud83e\\udd80"}', '{"extra": NaN}',
    '{"extra": {"a": NaN, "b": 1e400, "c": -0.0}}', '{"extra": {"a": 1, "a": 2}}', json.dumps(RDS), json.dumps(RDS, indent=2),
    json.dumps({"username": "u", "password": "p"}), json.dumps({**RDS, "masterarn": "arn", "engine": "aurora-postgresql"}),
]

LITERALS = [
    "{'conn_type': 'h', 'login': 'u', 'password': 'p%2Fq', 'host': 'h', 'port': 80, 'schema': 's'}", "{'login': None, 'port': None}",
    "{'conn_type': 'h', 'login': None}", "{'conn_type': 'h', 'port': '80', }", "{'conn_type': u'h', 'host': r'a\\n', 'login': 'a\\'b'}",
    "{'conn_type': 'h', 'host': 'a' 'b' \"c\"}", "{'conn_type': 'h', 'schema': '''s'''}", "{'conn_type': 'h', 'schema': ''}",
    "{'conn_type': 'h', 'login': '\\x41\\u00e9\\101\\q'}", "\n{'conn_type': 'h'}", "{'conn_type': 'h',\n 'host': 'x'}", "{'conn_type': 'h'} ",
    "{'conn_type': 'h', 'port': 5_0}", "{'conn_type': 'h', 'port': 05}", "{'conn_type': 'h', 'port': -1}", "{'conn_type': 'h', 'schema': 1.50}",
    "{'conn_type': 'h', 'schema': 1e3}", "{'conn_type': 'h', 'schema': 1.}", "{'conn_type': 'h', 'schema': True}", "{'conn_type': 'h', 'x': [1, [2,], {}]}",
    "{'conn_type': 'h', 'host': 'a@b', 'login': 'u:v', 'password': 'p/q'}", "{'conn_type': 'h', 'password': 'p%40q%25', 'host': 'H.example'}",
    "{'conn_type': 'a-b', 'extra': '{\"a\": \"x y\", \"b\": 1, \"c\": true, \"d\": null, \"e\": 1.50}'}", "{'conn_type': 'h', 'extra': '{}'}",
    "{'conn_type': 'h', 'schema': 's', 'extra': 'x'}", "{'conn_type': 'h', 'extra': {'a': 1}}", "{'conn_type': 'h', 'extra': None}",
    "'h://x'", "5", "None", "{'conn_type': 'h', 'host': 'a\nb'}", "{'conn_type': 'h' 'host': 'x'}", "{'conn_type': 'h', 'host': 'x'", "{,}",
    "{'conn_type': 'h', 'host': 'https://x'}", "{'conn_type': 'h', 'user': 'a', 'login': 'b'}", "{'engine': 'h', 'dbname': 'd', 'nick': 'n'}",
]


def made():
    """Objects of random keys and values, in random order; the same ones at every run."""
    chance = random.Random(20)
    for _ in range(100):
        keys = chance.sample(KEYS, chance.randint(1, 7))
        texts = [chance.choice(VALUES[:8]) if chance.random() < 0.8 else chance.choice(VALUES) for _ in keys]
        yield json.dumps({key: chance.choice(EXTRAS) if key == "extra" else text for key, text in zip(keys, texts)})


def is_pasted_whole(text):
    """Whether a list or an object would stand in a URI as Python prints it, which secretferry refuses."""
    return text.startswith('{"') and any(isinstance(value, (list, dict)) for key, value in json.loads(text).items() if key != "extra")


def cases(form):
    """The texts, each with the words it is read with."""
    texts = TEXTS + list(made())
    if form == "split":
        texts = [text for text in TEXTS if not text.startswith("{")] + LITERALS + [text for text in made() if not is_pasted_whole(text)]
    for text in texts:
        yield text, {}
        if any(f'"{word}"' in text for words in WORDS.values() for word in words) and form is None:
            yield text, WORDS


def wheel_backend(wheel):
    """The backend's class as a wheel has it."""
    source = zipfile.ZipFile(wheel).read(BACKEND).decode("utf-8")
    module = types.ModuleType("older_secrets_manager")
    exec(compile(source, wheel, "exec"), module.__dict__)
    return module.SecretsManagerBackend


def backend(form, wheel, words):
    """A backend that answers with whatever text it is given."""
    if form is None:
        from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend as Backend
    else:
        Backend = wheel_backend(wheel)
    kwargs = {"split": {"full_url_mode": False}, "url-encoded": {"are_secret_values_urlencoded": True}}.get(form, {})
    made = Backend(extra_conn_words={key: list(value) for key, value in words.items()}, **kwargs)
    made._get_secret = lambda *_, **__: made.text
    return made


def read(backend, text):
    """The fields, null if nothing is found, or the error; `get_uri` is called as Airflow does at each look-up."""
    backend.text = text
    try:
        connection = backend.get_connection("c1")
        if connection is None:
            return {"fields": None}
        fields = {name: getattr(connection, name) for name in FIELDS}
        connection.get_uri()
        return {"fields": fields}
    except Exception as error:  # whatever is raised means that Airflow goes on without
        return {"error": type(error).__name__}


def readers():
    """The classes of connections of this Airflow, by reader."""
    from airflow import __version__
    from airflow.models import Connection

    if __version__.startswith("2."):
        return {"airflow-2": Connection}
    from airflow.sdk import Connection as WorkerConnection

    return {"airflow-3": Connection, "airflow-3-worker": WorkerConnection}


def main():
    """Prints what every reader of this Airflow reads, today or with older wheels."""
    answers, sys.stdout = sys.stdout, sys.stderr
    home = tempfile.mkdtemp(prefix="secrets-manager-cases-")
    os.environ.update(AIRFLOW_HOME=home, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    forms = [argument.split("=", 1) for argument in sys.argv[1:]] or [(None, None)]
    for form, wheel in forms:
        for text, words in cases(form):
            for reader, connection_class in readers().items():
                asked = backend(form, wheel, words)
                if hasattr(asked, "_set_connection_class"):
                    asked._set_connection_class(connection_class)
                line = {"text": text, "reader": reader}
                line.update({"words": words} if words else {}, **({"form": form} if form else {}))
                print(json.dumps({**line, **read(asked, text)}), file=answers)


if __name__ == "__main__":
    main()
