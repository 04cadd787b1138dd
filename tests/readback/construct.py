"""construct.py: what Airflow's own classes make of connections that no store has held.

Run in the venv of the Airflow that is to read. Takes one JSON object on stdin:

    {"form": "uri" | "fields" | "object", "connections": {id: {field: …}}, "uris": {id: …}, "server_only": true}

`uri` without `uris` prints the URI that a worker's class writes, {"id", "uri"}, for those it can write at all. Else
prints a line for each id and reader, as `readback.py` does: what comes of the URI; of the fields as JSON, as a
backend's base class reads them; or of an `object`, handed to the constructor as the file backend does. `server_only`
lets a worker use the server's class, as it does with that backend.
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "airflow"))
sys.dont_write_bytecode = True

import readback  # noqa: E402


def present(fields):
    """What we would write: nulls left out."""
    return {name: value for name, value in fields.items() if value is not None}


def build(connection_class, conn_id, request):
    """The connection as the class makes it."""
    if request["form"] == "uri":
        if hasattr(connection_class, "from_uri"):
            return connection_class.from_uri(conn_id=conn_id, uri=request["uris"][conn_id])
        return connection_class(conn_id=conn_id, uri=request["uris"][conn_id])
    fields = present(request["connections"][conn_id])
    if request["form"] == "object":
        return connection_class(conn_id=conn_id, **fields)
    return connection_class.from_json(json.dumps(fields), conn_id=conn_id)


def print_uris(request, answers):
    """The URIs of those that have one."""
    connection_class = readback.worker_class()
    for conn_id, fields in request["connections"].items():
        uri, _ = readback.attempt(lambda: connection_class(conn_id=conn_id, **present(fields)).get_uri())
        if uri is not None:
            print(json.dumps({"id": conn_id, "uri": uri}), file=answers)


def main():
    """Reads the request, sets Airflow up with nothing, and prints."""
    request = json.load(sys.stdin)
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory(prefix="construct-") as home:
        readback.configure({}, home)
        import airflow.settings  # noqa: F401

        readback.quieten()
        if request["form"] == "uri" and "uris" not in request:
            print_uris(request, answers)
            return
        readers = {"airflow-2": readback.server_class}
        if readback.is_three():
            worker = readback.server_class if request.get("server_only") else readback.worker_class
            readers = {"airflow-3": readback.server_class, "airflow-3-worker": worker}
        for name, connection_class in readers.items():
            for conn_id in request["uris"] if request["form"] == "uri" else request["connections"]:
                line = readback.connection_line(lambda: build(connection_class(), conn_id, request))
                print(json.dumps({"kind": "connections", "id": conn_id, "reader": name, **line}), file=answers)


if __name__ == "__main__":
    main()
