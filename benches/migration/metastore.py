"""metastore.py seed|change URL FERNET_KEY COUNT SIZE: fills a migrated metastore, or changes one in a hundred of its rows.

Half of the COUNT secrets are connections, half variables; a password, or a variable, is SIZE bytes long. The rows are
encrypted as Airflow does it.
"""

import io
import json
import sys

import psycopg2
from cryptography.fernet import Fernet


def text(fernet, word, number, size):
    """A value of its own for each row, encrypted."""
    value = f"{word}-{number:07d}-".ljust(size, "x")[:size]
    return fernet.encrypt(value.encode()).decode()


def seed(cursor, fernet, count, size):
    """Replaces all rows."""
    cursor.execute("DELETE FROM connection; DELETE FROM variable")
    connections, variables = io.StringIO(), io.StringIO()
    extra = json.dumps({"sslmode": "require", "connect_timeout": 10})
    for number in range(count // 2):
        fields = [f"conn_{number:07d}", "postgres", f"db{number % 50}.internal", "airflow", "reporting"]
        sealed = [text(fernet, "password", number, size), "5432", "t", "t", fernet.encrypt(extra.encode()).decode()]
        connections.write("\t".join(fields + sealed) + "\n")
    for number in range(count - count // 2):
        variables.write(f"var_{number:07d}\t{text(fernet, 'value', number, size)}\tt\n")
    for file in (connections, variables):
        file.seek(0)
    columns = "conn_id, conn_type, host, login, schema, password, port, is_encrypted, is_extra_encrypted, extra"
    cursor.copy_expert(f"COPY connection ({columns}) FROM STDIN", connections)
    cursor.copy_expert("COPY variable (key, val, is_encrypted) FROM STDIN", variables)
    cursor.execute("ANALYZE")


def change(cursor, fernet, count, size):
    """Gives one row in a hundred another value."""
    for number in range(0, count // 2, 100):
        sealed = text(fernet, "changed", number, size)
        cursor.execute("UPDATE connection SET password = %s WHERE conn_id = %s", (sealed, f"conn_{number:07d}"))
    for number in range(0, count - count // 2, 100):
        sealed = text(fernet, "changed", number, size)
        cursor.execute("UPDATE variable SET val = %s WHERE key = %s", (sealed, f"var_{number:07d}"))


if __name__ == "__main__":
    verb, url, key, count, size = sys.argv[1:]
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        {"seed": seed, "change": change}[verb](cursor, Fernet(key), int(count), int(size))
