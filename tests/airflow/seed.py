"""seed.py: fills a migrated metastore through Airflow's own classes, and prints what Airflow reads back from it.

Run in the venv of the Airflow that the metastore belongs to, with its URL and keys in the environment:

    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=… AIRFLOW__CORE__FERNET_KEY=first,second \\
        python seed.py --golden golden/connections.jsonl >expected.jsonl

One line of JSON a row: kind, id, team, fields (or value and description), the flags as they stand in the table, and
under `unreadable` the columns that no key of the list decrypts, under `refused` those that this Airflow decrypts, but
then raises over (their plain text is given all the same). Rows that this Airflow or database does not take are named
on stderr.
"""

import argparse
import json
import logging
import sys
import warnings

import corpus
import sqlalchemy as sa
from cryptography.fernet import Fernet

from airflow import __version__ as airflow_version
from airflow import settings
from airflow.models import Connection, Variable

# Airflow itself refuses some twenty rows (no type, in 3.x an extra that is no object), a database perhaps a few more.
MOST_LEFT_OUT = 40

OTHER_KEYS = {"second": corpus.SECOND_KEY, "unknown": corpus.UNKNOWN_KEY}

CONNECTION = sa.table(
    "connection", *map(sa.column, ("conn_id", "password", "extra", "is_encrypted", "is_extra_encrypted"))
)
VARIABLE = sa.table("variable", *map(sa.column, ("key", "val", "is_encrypted")))


def quieten():
    """Silences the masking of secrets in logs: it compiles one ever longer pattern a secret, minutes in all."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for path in (
        "airflow.utils.log.secrets_masker",
        "airflow._shared.secrets_masker",
        "airflow.sdk._shared.secrets_masker",
    ):
        try:
            module = __import__(path, fromlist=["SecretsMasker"])
        except ImportError:
            continue
        module.SecretsMasker.add_mask = lambda *_, **__: None


def stored(text, storage):
    """The column and its flag for a storage that Airflow itself would not write."""
    if storage in OTHER_KEYS and text:
        return Fernet(OTHER_KEYS[storage]).encrypt(text.encode()).decode(), True
    return text, {"null-flag": None, "claimed": True}.get(storage, False)


def add_connection(session, row):
    """Lets the constructor encrypt, then puts past it what the row wants otherwise."""
    fields = dict(row["fields"])
    # The id goes past it too: the constructor drops one that today's rule refuses, and old databases are full of them.
    changes = {"conn_id": row["id"]}
    for column, flag, storage in zip(
        ("password", "extra"), ("is_encrypted", "is_extra_encrypted"), row["storage"], strict=True
    ):
        if storage != "first":
            changes[column], changes[flag] = stored(fields.pop(column, None), storage)
    team = {"team_name": row["team"]} if row["team"] else {}
    session.add(Connection(conn_id="to_be_renamed", **fields, **team))
    session.flush()
    session.execute(sa.update(CONNECTION).where(CONNECTION.c.conn_id == "to_be_renamed").values(**changes))


def add_variable(session, row):
    """The same for a variable."""
    team = {"team_name": row["team"]} if row["team"] else {}
    session.add(Variable(key=row["id"], val=row["value"], description=row["description"], **team))
    session.flush()
    if row["storage"] != "first":
        text, flag = stored(row["value"], row["storage"])
        session.execute(sa.update(VARIABLE).where(VARIABLE.c.key == row["id"]).values(val=text, is_encrypted=flag))


def add_teams(session):
    """Only 3.2 and later know teams."""
    if airflow_version.startswith("3."):
        from airflow.models.team import Team

        session.add(Team(name="data"))
        session.flush()


def add_all(session, rows, add):
    """Adds each row by itself, and answers those that were taken."""
    taken = []
    for row in rows:
        if airflow_version not in row["versions"]:
            continue
        try:
            with session.begin_nested():
                add(session, row)
            taken.append(row)
        except (sa.exc.SQLAlchemyError, ValueError) as error:
            session.expunge_all()
            print(f"not taken: {row['id']!r}: {type(error).__name__}", file=sys.stderr)
    return taken


def is_unreadable(storage, text):
    """Whether no key of the list decrypts the column; Airflow does not try where there is nothing."""
    return storage in ("unknown", "claimed") and bool(text)


def expected_connection(session, row):
    """What Airflow reads from the row, or for an unreadable one what was meant."""
    unreadable = [
        column
        for column, storage in zip(("password", "extra"), row["storage"], strict=True)
        if is_unreadable(storage, row["fields"].get(column))
    ]
    fields, refused = {name: row["fields"].get(name) for name in corpus.FIELDS}, []
    if not unreadable:
        connection = session.execute(sa.select(Connection).where(Connection.conn_id == row["id"])).scalar_one()
        for name in corpus.FIELDS:
            try:
                fields[name] = getattr(connection, name)
            except ValueError:
                refused.append(name)
    flags = session.execute(
        sa.select(CONNECTION.c.is_encrypted, CONNECTION.c.is_extra_encrypted).where(CONNECTION.c.conn_id == row["id"])
    ).one()
    return {
        "kind": "connections",
        "id": row["id"],
        "team": row["team"],
        "fields": fields,
        "encrypted": {"password": as_flag(flags[0]), "extra": as_flag(flags[1])},
        "unreadable": unreadable,
        "refused": refused,
    }


def expected_variable(session, row):
    """The same for a variable, whose empty text Airflow does try to decrypt."""
    unreadable = row["storage"] in ("unknown", "claimed") and row["value"] is not None
    value = row["value"]
    if not unreadable:
        value = session.execute(sa.select(Variable).where(Variable.key == row["id"])).scalar_one().val
    flag = session.execute(sa.select(VARIABLE.c.is_encrypted).where(VARIABLE.c.key == row["id"])).scalar_one()
    return {
        "kind": "variables",
        "id": row["id"],
        "team": row["team"],
        "value": value,
        "description": row["description"],
        "encrypted": {"value": as_flag(flag)},
        "unreadable": ["value"] if unreadable else [],
        "refused": [],
    }


def as_flag(raw):
    """SQLite answers 0 and 1."""
    return None if raw is None else bool(raw)


def main():
    """Fills, then reads everything again in a session that remembers nothing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--golden", required=True)
    golden = parser.parse_args().golden
    quieten()
    connections = [*corpus.golden_connections(golden), *corpus.CONNECTIONS]
    with settings.Session() as session:
        add_teams(session)
        kept = add_all(session, connections, add_connection)
        kept_variables = add_all(session, corpus.VARIABLES, add_variable)
        session.commit()
    offered = sum(airflow_version in row["versions"] for row in [*connections, *corpus.VARIABLES])
    left_out = offered - len(kept) - len(kept_variables)
    if left_out > MOST_LEFT_OUT:
        sys.exit(f"{left_out} rows were not taken, more than the {MOST_LEFT_OUT} that can be right")
    with settings.Session() as session:
        for row in kept:
            print(json.dumps(expected_connection(session, row)))
        for row in kept_variables:
            print(json.dumps(expected_variable(session, row)))


if __name__ == "__main__":
    main()
