"""make_sample.py: makes metastore.db, the metastore the `demo` command carries over, and expected.json beside it.

Run by hand in a venv with Airflow 2.11.2 when the sample is to change; both files are committed:

    python src/cli/demo/make_sample.py

Airflow itself migrates the database and encrypts the rows; then every table that holds no secret is dropped. All
names, hosts and credentials are made up, or the ones that AWS's documentation uses as examples.
"""

import base64
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))

# Public on purpose: thirty-two readable bytes.
DEMO_KEY = base64.urlsafe_b64encode(b"secretferry-demo-key-not-secret!").decode()
# The key that somebody rotated away and lost.
LOST_KEY = base64.urlsafe_b64encode(b"secretferry-demo-key-that-is-old").decode()

KEPT_TABLES = ("alembic_version", "connection", "variable")

POISONED = ("blocked", "poisoned")
LOST = ("quarantined", "undecryptable")


def pem(kind):
    """A text in the shape of a key, which is none."""
    return f"-----BEGIN {kind} KEY-----\nnot a key, only its shape\n-----END {kind} KEY-----\n"


def connection(conn_id, conn_type, *, extra=None, outcome=("created", None), **fields):
    """One connection, and what is foreseen for it; an extra that is text is stored as it is spelled."""
    text = extra if extra is None or isinstance(extra, str) else json.dumps(extra)
    return {"id": conn_id, "fields": {"conn_type": conn_type, "extra": text, **fields}, "outcome": outcome}


def variable(key, value, *, description=None, is_plain=False, outcome=("created", None)):
    """One variable, and what is foreseen for it."""
    return {"id": key, "value": value, "description": description, "is_plain": is_plain, "outcome": outcome}


CONNECTIONS = [
    connection(
        "postgres_warehouse",
        "postgres",
        host="warehouse.example.com",
        port=5432,
        schema="sales",
        login="etl",
        password="correct-horse",
        extra={"sslmode": "require"},
        description="The warehouse; owned by the data team",
    ),
    connection(
        "postgres_replica",
        "postgres",
        host="replica.example.com",
        port=5433,
        schema="sales",
        login="reader@sales",
        password="p@ss:w/rd%20?#&=+",
        extra={"sslmode": "verify-full", "connect_timeout": "10"},
    ),
    connection(
        "mysql_shop",
        "mysql",
        host="mysql.example.com",
        port=3306,
        schema="shop",
        login="shop",
        password="Grüße-an-🚢",
        extra={"charset": "utf8mb4"},
        description="Bestellungen, täglich",
    ),
    connection(
        "snowflake_dwh",
        "snowflake",
        host="AB12345.eu-central-1.example.com",
        schema="PUBLIC",
        login="LOADER",
        password="snow-flake-sample",
        extra={
            "account": "AB12345",
            "warehouse": "LOAD_WH",
            "role": "LOADER",
            "database": "DWH",
            "insecure_mode": False,
        },
    ),
    connection(
        "aws_default",
        "aws",
        login="AKIAIOSFODNN7EXAMPLE",
        password="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        extra={
            "region_name": "eu-west-1",
            "role_arn": "arn:aws:iam::123456789012:role/airflow-loader",
            "assume_role_kwargs": {"ExternalId": "sample", "DurationSeconds": 3600},
        },
    ),
    connection(
        "google_cloud",
        "google_cloud_platform",
        extra={
            "project": "sample-project",
            "num_retries": 5,
            "keyfile_dict": json.dumps(
                {
                    "type": "service_account",
                    "project_id": "sample-project",
                    "private_key": pem("PRIVATE"),
                    "client_email": "loader@sample-project.example.com",
                }
            ),
        },
        description="Service account of the loader",
    ),
    connection(
        "http_api",
        "http",
        host="https://api.example.com",
        port=8443,
        password="sample-token",
        extra={"Accept": "application/json"},
    ),
    connection(
        "slack_alerts",
        "slackwebhook",
        host="https://hooks.example.com/services/",
        password="T-SAMPLE/B-SAMPLE/not-a-token",
    ),
    connection(
        "sftp_partner",
        "ssh",
        host="sftp.partner.example",
        port=2222,
        login="transfer",
        extra={"private_key": pem("OPENSSH PRIVATE"), "no_host_key_check": "false", "compress": True},
    ),
    connection(
        "kafka_events",
        "kafka",
        host="kafka-1.example.com:9093,kafka-2.example.com:9093,kafka-3.example.com:9093",
        extra={
            "bootstrap.servers": "kafka-1.example.com:9093,kafka-2.example.com:9093",
            "security.protocol": "SASL_SSL",
            "sasl.username": "events",
            "sasl.password": "kafka-sample",
        },
    ),
    connection(
        "databricks_jobs",
        "databricks",
        host="https://adb-1234567890.example.com",
        login="token",
        password="dapi-sample",
        extra={"http_path": "/sql/1.0/warehouses/abc"},
    ),
    connection(
        "spark_cluster",
        "spark",
        host="spark://spark.example.com",
        port=7077,
        extra='{"queue": "root.default",  "deploy-mode": "cluster", "version": 1.10}',
    ),
    connection(
        "redis_cache",
        "redis",
        host="cache.example.com",
        port=6379,
        password="redis-sample",
        extra={"db": 1, "ssl": True, "ssl_ca_certs": None},
    ),
    connection(
        "smtp_mail",
        "smtp",
        host="mail.example.com",
        port=587,
        login="airflow@example.com",
        password="mail sample with blanks",
        extra={"disable_ssl": "true", "timeout": "30"},
    ),
    connection(
        "elastic_logs",
        "elasticsearch",
        host="Logs.Example.com",
        port=9200,
        login="elastic",
        password="logs-sample",
        schema="https",
        extra={"retries": "3", "verify": "false", "headers": '{"X-Team": "data"}'},
        description="As a URI this one would lose its capitals, its description and, in Airflow 3, its types",
    ),
    connection("fs_landing", "fs", extra={"path": "/data/landing"}),
    connection(
        "team-a.reports",
        "mssql",
        host="reports.example.com",
        port=1433,
        schema="Reports",
        login="CORP\\reports",
        password='quote " and \\ back',
    ),
    connection(
        "wasb_archive",
        "wasb",
        login="archive",
        extra={"sas_token": "sv=sample&sig=not%2Fa%2Fsignature%3D", "tenant_id": "example.com"},
    ),
    connection("sqlite_scratch", "sqlite", host="/tmp/scratch.db", description="No secret at all"),
    connection(
        "ftp_masked",
        "ftp",
        host="ftp.example.com",
        port=21,
        login="sync",
        password="***",
        outcome=POISONED,
        description="Pasted back from a masked export",
    ),
    connection(
        "oracle_legacy",
        "oracle",
        host="legacy.example.com",
        port=1521,
        login="legacy",
        password="under a lost key",
        outcome=LOST,
    ),
]

CATALOGUE = json.dumps(
    {
        f"table_{number:02}": {"columns": ["id", "name", "updated_at"], "partition": "day", "rows": number * 1000}
        for number in range(32)
    },
    indent=2,
)

VARIABLES = [
    variable("environment", "production", description="Which cluster this is"),
    variable(
        "etl_config", '{"batch_size": 500, "tables": ["orders", "customers"], "dry_run": false, "threshold": 1.10}'
    ),
    variable(
        "etl_config_pretty",
        '{\n  "retries": 3,\n  "owner": null\n}',
        description="As Variable.set(serialize_json=True) stores it",
    ),
    variable("country_codes", '["CH", "DE", "AT"]'),
    variable("only_region", '["eu-central-1"]'),
    variable("empty_note", ""),
    variable(
        "daily_report_sql",
        "select day, sum(amount) as total\nfrom sales.orders\nwhere day = '{{ ds }}'\ngroup by day\n",
    ),
    variable("max_active_runs", "16"),
    variable("price_factor", "1.10"),
    variable("feature_enabled", "true"),
    variable("greeting", "Grüezi, 世界 🚢"),
    variable("license_text", "ends with a newline\n"),
    variable("padded", "  blanks on both sides  "),
    variable("team-a.alerts.email", "alerts@example.com"),
    variable("paths/landing", "/data/landing"),
    variable("quoted_name", '"Example, Inc."'),
    variable("table_catalogue", CATALOGUE),
    variable("api_signing_secret", "s1gn!ng-s@mple/with+marks="),
    variable("plain_since_1_10", "written before a key was set", is_plain=True),
    variable(
        "rotated_token", "gAAAAABl" + "c2FtcGxl" * 12 + "bm8=", is_plain=True, description="Looks encrypted, and is not"
    ),
    variable("masked_api_key", "***", outcome=POISONED, description="Pasted back from the web page"),
    variable("old_webhook_secret", "under a lost key", outcome=LOST),
]


def migrate(home):
    """Sets Airflow up in a folder of its own, and lets it make an empty metastore there."""
    with open(os.path.join(home, "airflow.cfg"), "w", encoding="utf-8") as file:
        file.write("[core]\n")
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__FERNET_KEY=DEMO_KEY,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
    )
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def fill():
    """Stores every row through Airflow's own classes; what they would not do is put into the columns afterwards."""
    from cryptography.fernet import Fernet

    from airflow import settings
    from airflow.models import Connection, Variable

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    lost = Fernet(LOST_KEY)
    with settings.Session() as session:
        for row in CONNECTIONS:
            stored = Connection(conn_id=row["id"], **row["fields"])
            if row["outcome"] == LOST:
                stored._password = lost.encrypt(row["fields"]["password"].encode()).decode()
            session.add(stored)
        for row in VARIABLES:
            stored = Variable(key=row["id"], val=row["value"], description=row["description"])
            if row["is_plain"]:
                stored._val, stored.is_encrypted = row["value"], False
            if row["outcome"] == LOST:
                stored._val = lost.encrypt(row["value"].encode()).decode()
            session.add(stored)
        session.commit()


def reduce_to(path, home):
    """Drops what holds no secret, and writes the rest as one compact file."""
    with sqlite3.connect(f"{home}/airflow.db") as database:
        tables = database.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        ).fetchall()
        for (table,) in tables:
            if table not in KEPT_TABLES:
                database.execute(f'drop table "{table}"')
    if os.path.exists(path):
        os.remove(path)
    database.execute("pragma page_size = 1024")
    database.execute("vacuum into ?", (path,))
    database.close()


def expected():
    """What the demo must come to, for the test that runs it."""

    def outcomes(rows):
        return {row["id"]: {"outcome": row["outcome"][0], "reason": row["outcome"][1]} for row in rows}

    return {"fernet_key": DEMO_KEY, "connections": outcomes(CONNECTIONS), "variables": outcomes(VARIABLES)}


def main():
    """Makes both files."""
    with tempfile.TemporaryDirectory() as home:
        migrate(home)
        fill()
        reduce_to(os.path.join(HERE, "metastore.db"), home)
    with open(os.path.join(HERE, "expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected(), file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
