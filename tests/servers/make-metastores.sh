#!/usr/bin/env bash
# make-metastores.sh GOLDEN FOLDER: lets real Airflows make metastores, for with.sh to keep and copy.
#
# Wants a PostgreSQL whose superuser is given by PGHOST, PGPORT, PGUSER and PGPASSWORD. Leaves in FOLDER, for each
# version: empty-VERSION.db (migrated, no row), VERSION.db and VERSION.sql (the same rows in SQLite, and as a dump of
# PostgreSQL) and what Airflow reads from each, VERSION-sqlite.jsonl and VERSION-postgresql.jsonl; 1.10.db; fernet.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

golden="$1"
folder="$2"

# airflow PYTHON URL ARGUMENT…: a Python of a venv with Airflow set to the metastore at URL.
airflow() {
    local python="$1" url="$2"
    shift 2
    # A file of settings must be there, or Airflow writes one with a key of its own.
    printf '[core]\n' >"$home/airflow.cfg"
    AIRFLOW_HOME="$home" AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR \
        AIRFLOW__CORE__FERNET_KEY="$keys" AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="$url" "$python" -W ignore "$@"
}

# migrate PYTHON URL; seed PYTHON URL EXPECTED: their words are only of interest when they fail.
migrate() { airflow "$1" "$2" -m airflow db migrate >"$home/log" 2>&1 || show_log; }
seed() { airflow "$1" "$2" "$tests_folder/airflow/seed.py" --golden "$golden" >"$3" 2>"$home/log" || show_log; }

show_log() {
    tail -n 20 "$home/log" >&2
    fail "Airflow failed"
}

make_sqlite() { # VERSION PYTHON
    local url="sqlite:///$home/$1.db"
    migrate "$2" "$url"
    cp "$home/$1.db" "$folder/empty-$1.db"
    seed "$2" "$url" "$folder/$1-sqlite.jsonl"
    mv "$home/$1.db" "$folder/$1.db"
}

make_postgresql() { # VERSION PYTHON
    local database="build_${1//./_}"
    local url="postgresql+psycopg2://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$database"
    psql -qX -d postgres -c "create database $database"
    migrate "$2" "$url"
    seed "$2" "$url" "$folder/$1-postgresql.jsonl"
    pg_dump --no-owner --no-privileges "$database" >"$folder/$1.sql"
    psql -qX -d postgres -c "drop database $database"
}

make_1_10() {
    "$airflow_2" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())' \
        "$folder/1.10.db" "$servers_folder/metastore-1.10.sql"
    cp "$servers_folder/metastore-1.10.jsonl" "$folder/1.10-sqlite.jsonl"
}

write_keys() {
    (cd "$tests_folder/airflow" && "$airflow_2" -B -c '
import corpus, json
print(json.dumps({"first": corpus.FIRST_KEY, "second": corpus.SECOND_KEY, "unknown": corpus.UNKNOWN_KEY}))') >"$folder/fernet.json"
    keys="$("$airflow_2" -c 'import json, sys; k = json.load(sys.stdin); print(k["first"] + "," + k["second"])' <"$folder/fernet.json")"
}

home="$(mktemp -d "${TMPDIR:-/tmp}/secretferry-airflow.XXXXXX")"
trap 'rm -rf "$home"' EXIT
export PYTHONDONTWRITEBYTECODE=1
write_keys
make_1_10
make_sqlite 2.11.2 "$airflow_2"
make_sqlite 3.3.2 "$airflow_3"
make_postgresql 2.11.2 "$airflow_2"
make_postgresql 3.3.2 "$airflow_3"
