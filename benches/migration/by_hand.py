"""by_hand.py ADDRESS TOKEN MOUNT LIMIT: the usual way, Airflow's own models and hvac, one secret at a time.

Runs in an Airflow's venv with its settings in the environment. Prints the secrets, the seconds of the loop alone
(without starting up and importing Airflow) and the peak memory in bytes, as JSON.
"""

import json
import resource
import sys
import time

import hvac
from airflow import settings
from airflow.models import Connection, Variable

FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra")


def entries(session, limit):
    """Every secret as VaultBackend reads it: its path and its fields."""
    half = limit // 2
    for connection in session.query(Connection).order_by(Connection.conn_id).limit(half):
        fields = {field: getattr(connection, field) for field in FIELDS}
        yield f"connections/{connection.conn_id}", {field: text for field, text in fields.items() if text is not None}
    for variable in session.query(Variable).order_by(Variable.key).limit(limit - half):
        yield f"variables/{variable.key}", {"value": variable.val}


def main(address, token, mount, limit):
    """Copies everything."""
    settings.initialize()
    client = hvac.Client(url=address, token=token)
    begun = time.monotonic()
    secrets = 0
    for path, secret in entries(settings.Session(), int(limit)):
        client.secrets.kv.v2.create_or_update_secret(path=path, secret=secret, mount_point=mount)
        secrets += 1
    took = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"secrets": secrets, "seconds": took, "peak": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
