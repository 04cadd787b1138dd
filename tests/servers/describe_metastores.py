"""describe_metastores.py FOLDER: prints metastores.json, which says of each metastore where it is and what is in it."""

import json
import os
import sys
from urllib.parse import quote

# One database is spelled with its driver, the other without, as both are met in the field.
POSTGRESQL = {"2.11.2": "postgresql+psycopg2", "3.3.2": "postgresql"}


def describe(folder):
    """The whole file. A SQLite path stands in its URL as it is, as SQLAlchemy takes it."""
    with open(os.path.join(folder, "fernet.json"), encoding="utf-8") as file:
        keys = json.load(file)

    def entry(version, dialect, url):
        return {
            "name": f"{version}-{dialect}",
            "version": version,
            "dialect": dialect,
            "url": url,
            "fernet_keys": [keys["first"], keys["second"]],
            "expected": os.path.join(folder, f"{version}-{dialect}.jsonl"),
        }

    user, password = (quote(os.environ[name], safe="") for name in ("METASTORE_USER", "METASTORE_PASSWORD"))
    server = f"{user}:{password}@127.0.0.1:{os.environ['PGPORT']}"
    metastores = [
        entry(version, "sqlite", f"sqlite:///{os.path.join(folder, version)}.db")
        for version in ("1.10", "2.11.2", "3.3.2")
    ]
    for version, scheme in POSTGRESQL.items():
        database = f"airflow_{version.replace('.', '_')}"
        metastores.append(entry(version, "postgresql", f"{scheme}://{server}/{database}"))
    return {"metastores": metastores}


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1]), indent=2))
