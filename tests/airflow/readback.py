"""readback.py: reads secrets back through a real Airflow secrets backend, and prints what every reader sees.

Run in the venv of the Airflow that is to read. Takes one JSON object on stdin:

    {"mode": "direct", "backend": "airflow.….VaultBackend", "kwargs": {…},
     "ids": {"connections": […], "variables": […], "configs": […]}, "empty_metastore": "/…/empty-2.11.2.db",
     "multi_team": true, "team": "data"}

`direct` (the default) asks the backend class alone, so that an error shows. `search` configures Airflow with the
backend and asks as a DAG would, with the empty metastore behind it, where an error looks like a missing secret; in
place of `backend` and `kwargs` it takes whole settings: `environment`, an object, or `airflow_cfg`, the text. With
`multi_team`, Airflow 3 is set up for several teams, and asks as `team` if one is given; a worker's search knows none.
`surroundings`, an object, are further environment variables, such as those that a cloud's own library reads, and
`google_endpoint` is asked in place of Google Secret Manager, whose backend can be told of no other.

Prints one line of JSON for each id and reader (`airflow-2` in 2.11.2; `airflow-3` and `airflow-3-worker` in 3.3.2):
kind, id, reader, found, fields, conn_id and class (connections), value (the others), error. In search mode a config is asked
for by two options, and has a line for each, with `option`.
"""

import importlib
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")

MASKERS = ("airflow.utils.log.secrets_masker", "airflow._shared.secrets_masker", "airflow.sdk._shared.secrets_masker")


def configure(request, home):
    """Sets Airflow up in a folder of its own; it reads its settings when it is imported, so this comes before."""
    metastore = os.path.join(home, "airflow.db")
    if request.get("empty_metastore"):
        shutil.copyfile(request["empty_metastore"], metastore)
    # Without a file Airflow writes one, whose fernet_key would then hide the one of the backend.
    with open(os.path.join(home, "airflow.cfg"), "w", encoding="utf-8") as file:
        file.write(request.get("airflow_cfg", "[core]\n"))
    for name in [name for name in os.environ if name.startswith("AIRFLOW__")]:
        del os.environ[name]
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{metastore}",
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
    )
    if request.get("multi_team"):
        os.environ["AIRFLOW__CORE__MULTI_TEAM"] = "True"
    os.environ.update(request.get("environment", {}))
    os.environ.update(request.get("surroundings", {}))
    if request.get("google_endpoint"):
        let_google_in(home)
    if request.get("mode") == "search" and "backend" in request:
        os.environ.update(
            AIRFLOW__SECRETS__BACKEND=request["backend"],
            AIRFLOW__SECRETS__BACKEND_KWARGS=json.dumps(request["kwargs"]),
        )


def let_google_in(home):
    """Credentials that Google's library loads without asking anybody; the stand-in is never shown them."""
    credentials = os.path.join(home, "credentials.json")
    with open(credentials, "w", encoding="utf-8") as file:
        json.dump({"type": "authorized_user", "client_id": "x", "client_secret": "x", "refresh_token": "x"}, file)
    os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = credentials


def ask_instead_of_google(endpoint):
    """Google's own client, but for where it asks: Airflow's backend makes it without saying where."""
    from airflow.providers.google.cloud._internal_client import secret_manager_client
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
        SecretManagerServiceRestTransport,
    )

    scheme, _, host = endpoint.partition("://")
    transport = SecretManagerServiceRestTransport(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
    client = SecretManagerServiceClient(transport=transport)
    secret_manager_client._SecretManagerClient.client = property(lambda _: client)


def quieten():
    """Silences logs, and their masking of secrets, which compiles one ever longer pattern for each secret."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for path in MASKERS:
        try:
            importlib.import_module(path).SecretsMasker.add_mask = lambda *_, **__: None
        except ImportError:
            continue


def read_files_once():
    """The file backend parses its whole file at every look-up; the answers of the first time are kept."""
    from functools import lru_cache

    from airflow.secrets import local_filesystem

    for name in ("load_connections_dict", "load_variables", "load_configs_dict"):
        if hasattr(local_filesystem, name):
            setattr(local_filesystem, name, remembering_failure(lru_cache(getattr(local_filesystem, name))))


def remembering_failure(load):
    """`lru_cache` forgets a load that raised, and a file that is broken is so for every id."""
    failures = {}

    def cached(path):
        if path in failures:
            raise failures[path]
        try:
            return load(path)
        except Exception as error:
            failures[path] = error
            raise

    return cached


def server_class():
    """The class that the server side, and all of Airflow 2, makes a connection of."""
    from airflow.models import Connection

    return Connection


def worker_class():
    """The class that a task, the DAG processor and the triggerer of Airflow 3 make of the same text."""
    from airflow.sdk import Connection

    return Connection


def import_backend(path):
    """The class behind a dotted path."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def of_team(request):
    """The argument that says who asks; only Airflow 3 takes it."""
    return {"team_name": request["team"]} if request.get("team") else {}


class Direct:
    """A reader that asks the backend class alone."""

    def __init__(self, request, connection_class):
        self.backend = import_backend(request["backend"])(**request["kwargs"])
        # As Airflow 3 does it when it opens its backends; 2.x knows one class only.
        if hasattr(self.backend, "_set_connection_class"):
            self.backend._set_connection_class(connection_class())
        self.team = of_team(request)

    def connection(self, conn_id):
        return self.backend.get_connection(conn_id=conn_id, **self.team)

    def variable(self, key):
        return self.backend.get_variable(key=key, **self.team)

    def configs(self, name):
        return [(None, lambda: self.backend.get_config(name))]


class Search:
    """A reader that asks Airflow as a DAG would: the backend, then the environment, then the metastore."""

    def __init__(self, request, connection_class):
        self.is_worker = connection_class is worker_class
        self.team = of_team(request)
        self.second_option = ("api", "secret_key") if is_three() else ("webserver", "secret_key")

    def connection(self, conn_id):
        if self.is_worker:
            return worker_class().get(conn_id)
        return server_class().get_connection_from_secrets(conn_id, **self.team)

    def variable(self, key):
        if self.is_worker:
            from airflow.sdk import Variable

            return Variable.get(key)
        from airflow.models import Variable

        return Variable.get_variable_from_secrets(key, **self.team)

    def configs(self, name):
        options = [("core", "fernet_key"), self.second_option]
        return [(f"{section}.{option}", lambda s=section, o=option: config(s, o, name)) for section, option in options]


def config(section, option, name):
    """What an option holds when it is told to look for `name` in the secrets backend; null if that is its default."""
    from airflow.configuration import conf

    default = conf.get(section, option, fallback=None)
    variable = f"AIRFLOW__{section}__{option}_SECRET".upper()
    os.environ[variable] = name
    try:
        value = conf.get(section, option, fallback=None)
    finally:
        del os.environ[variable]
    return None if value == default else value


def is_three():
    """Whether this is Airflow 3."""
    from airflow import __version__

    return __version__.startswith("3.")


def attempt(read):
    """The answer of `read`, and the error that came in its place."""
    try:
        return read(), None
    except Exception as error:  # whatever a backend raises is what is to be seen
        return None, {"type": type(error).__name__, "message": str(error)}


def connection_line(read):
    """The fields of a connection; `get_uri` is called as Airflow does at each look-up, where raising means missing."""
    connection, error = attempt(read)
    if connection is None:
        return {"found": False, "fields": None, "conn_id": None, "class": None, "error": error}
    line = {"found": True, "fields": None, "conn_id": connection.conn_id}
    line["class"] = f"{type(connection).__module__}.{type(connection).__name__}"
    line["fields"], line["error"] = attempt(lambda: {name: getattr(connection, name) for name in FIELDS})
    if line["error"] is None:
        line["error"] = attempt(connection.get_uri)[1]
    return line


def value_line(read):
    """A variable or a config; an empty text is found, null is not."""
    value, error = attempt(read)
    return {"found": value is not None, "value": value, "error": error}


def lines(reader, ids):
    """All lines of one reader, but for its name."""
    for conn_id in ids.get("connections", []):
        yield {"kind": "connections", "id": conn_id, **connection_line(lambda: reader.connection(conn_id))}
    for key in ids.get("variables", []):
        yield {"kind": "variables", "id": key, **value_line(lambda: reader.variable(key))}
    for name in ids.get("configs", []):
        for option, read in reader.configs(name):
            asked = {"option": option} if option else {}
            yield {"kind": "configs", "id": name, **asked, **value_line(read)}


def main():
    """Reads the request, sets Airflow up for it, and prints."""
    request = json.load(sys.stdin)
    # Airflow 3 logs to stdout, which is for the answers alone.
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory(prefix="readback-") as home:
        configure(request, home)
        import airflow.settings  # noqa: F401  the whole of Airflow, set up as just configured

        quieten()
        read_files_once()
        if request.get("google_endpoint"):
            ask_instead_of_google(request["google_endpoint"])
        readers = {"airflow-2": server_class}
        if is_three():
            readers = {"airflow-3": server_class, "airflow-3-worker": worker_class}
        asking = Search if request.get("mode") == "search" else Direct
        for name, connection_class in readers.items():
            for line in lines(asking(request, connection_class), request["ids"]):
                print(json.dumps({**line, "reader": name}), file=answers)


if __name__ == "__main__":
    main()
