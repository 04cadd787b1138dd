#!/usr/bin/env bash
# with.sh COMMAND…: runs COMMAND with the real servers at hand, and answers with its exit code.
#
# Installs what is missing, starts a PostgreSQL of its own, puts metastores of real Airflows into it and beside it,
# and tells COMMAND by SECRETFERRY_TEST_… variables where everything is (README.md here lists them). Vault and moto are
# not started: a test starts as many as it likes from SECRETFERRY_TEST_VAULT and SECRETFERRY_TEST_MOTO. Everything is gone
# when this ends, however it ends.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

# The owner of the metastores has a password that only a client that decodes it will get right.
metastore_user=airflow
metastore_password='p@ss/w:rd #1%'

# as_postgres COMMAND…: PostgreSQL refuses to run as root. From /, which every user may enter.
as_postgres() {
    if [[ $EUID -eq 0 ]]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        (cd / && exec "$@")
    fi
}

# kill_tree PID: the process and all below it; cargo does not take its tests along when it dies.
kill_tree() {
    local child
    for child in $(pgrep -P "$1" 2>/dev/null); do
        kill_tree "$child"
    done
    kill -TERM "$1" 2>/dev/null || true
}

tear_down() {
    if [[ -s "$run/command.pid" ]]; then
        kill_tree "$(<"$run/command.pid")"
    fi
    if [[ -e "$run/postgres/data/postmaster.pid" ]]; then
        as_postgres "$postgres/pg_ctl" stop -s -m immediate -D "$run/postgres/data" >/dev/null 2>&1 || true
    fi
    rm -rf "$run"
}

# open_run: a folder for this run, and an undertaker that outlives us (it knows only what is set before it starts). It reads until our end of the pipe closes,
# be it by our exit or by kill -9, and then clears up. Nothing we start may inherit that end: 8>&-.
open_run() {
    run="$(mktemp -d "${TMPDIR:-/tmp}/secretferry-servers.XXXXXX")"
    chmod 711 "$run"
    exec 8> >(
        trap '' INT TERM HUP
        exec >/dev/null
        cat
        tear_down
    )
    undertaker=$!
}

# make_certificates: an authority, a certificate for localhost, one for a client, and an authority nobody knows.
make_certificates() {
    mkdir "$run/tls"
    (
        cd "$run/tls"
        local curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
        local name
        for name in ca other-ca; do
            openssl req -x509 "${curve[@]}" -days 30 -subj "/CN=secretferry test $name" -keyout "$name.key" -out "$name.crt"
        done
        for name in server client; do
            openssl req "${curve[@]}" -subj "/CN=localhost" -keyout "$name.key" -out "$name.csr"
            openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$name.crt" \
                -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1")
        done
    ) 2>"$run/openssl.log" || fail "openssl: $(tail -n 1 "$run/openssl.log")"
}

# configure_postgres: nothing of it outlives the run, so it need not reach the disk.
configure_postgres() {
    cat >>"$run/postgres/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
ssl = on
ssl_cert_file = '$run/postgres/server.crt'
ssl_key_file = '$run/postgres/server.key'
CONF
}

start_postgres() {
    mkdir "$run/postgres"
    cp "$run/tls/server.crt" "$run/tls/server.key" "$run/postgres"
    chmod 600 "$run/postgres/server.key"
    echo postgres >"$run/postgres/password"
    [[ $EUID -ne 0 ]] || chown -R postgres "$run/postgres"
    as_postgres "$postgres/initdb" -D "$run/postgres/data" -U postgres --auth=scram-sha-256 \
        --pwfile="$run/postgres/password" --no-sync --encoding=UTF8 --locale=C.UTF-8 >"$run/initdb.log" 2>&1 ||
        fail "initdb: $(tail -n 1 "$run/initdb.log")"
    configure_postgres
    local attempt
    for attempt in 1 2 3; do # the free port may be taken before we are
        port="$("$airflow_2" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
        as_postgres "$postgres/pg_ctl" start -s -w -D "$run/postgres/data" -l "$run/postgres/log" -o "-p $port" \
            >/dev/null 2>&1 </dev/null 8>&- && break
        [[ $attempt -lt 3 ]] || fail "PostgreSQL does not start: $(tail -n 1 "$run/postgres/log")"
    done
    export PGHOST=127.0.0.1 PGPORT="$port"
}

# sql ARGUMENT…: psql as the superuser.
sql() { PGUSER=postgres PGPASSWORD=postgres psql -qXAt -v ON_ERROR_STOP=1 "$@"; }

# build_metastores: the slow part, with Airflow itself; kept for the next run under a digest of all it is made from.
build_metastores() {
    metastores_home="$cache/metastores-$(digest "$servers_folder"/{make-metastores.sh,metastore-1.10.sql,metastore-1.10.jsonl} \
        "$servers_folder"/requirements-{2.11.2,3.3.2}.txt "$tests_folder"/airflow/{seed,corpus}.py "$golden")"
    is_ready "$metastores_home" && return
    (
        flock 9
        is_ready "$metastores_home" && exit
        say "making metastores with Airflow, about half a minute the first time"
        rm -rf "$metastores_home"
        mkdir -p "$metastores_home"
        PGUSER=postgres PGPASSWORD=postgres "$servers_folder/make-metastores.sh" "$golden" "$metastores_home" ||
            fail "the metastores could not be made"
        touch "$metastores_home/.ready"
    ) 9>"$cache/.metastores.lock" 8>&-
}

# lay_out_metastores: a copy of the files for this run, and the databases restored.
lay_out_metastores() {
    mkdir "$run/metastores"
    cp "$metastores_home"/*.db "$metastores_home"/*.json "$metastores_home"/*.jsonl "$run/metastores"
    sql -d postgres -c "create role $metastore_user login password '$metastore_password'"
    local version database
    for version in 2.11.2 3.3.2; do
        database="airflow_${version//./_}"
        sql -d postgres -c "create database $database owner $metastore_user"
        PGUSER="$metastore_user" PGPASSWORD="$metastore_password" PGOPTIONS='-c client_min_messages=warning' \
            psql -qX -v ON_ERROR_STOP=1 -d "$database" -f "$metastores_home/$version.sql" >/dev/null
    done
    METASTORE_USER="$metastore_user" METASTORE_PASSWORD="$metastore_password" \
        "$airflow_2" "$servers_folder/describe_metastores.py" "$run/metastores" >"$run/metastores/metastores.json"
}

# export_places: what COMMAND is told. Of PostgreSQL's own variables it is told nothing, lest a test lean on them.
export_places() {
    export SECRETFERRY_TEST_VAULT="$vault_binary"
    export SECRETFERRY_TEST_DOTENV="$dotenv_binary"
    export SECRETFERRY_TEST_MOTO="$moto_server"
    SECRETFERRY_TEST_CHROMEDRIVER="$(command -v chromedriver)"
    export SECRETFERRY_TEST_CHROMEDRIVER
    export SECRETFERRY_TEST_PROMTOOL="$promtool"
    export SECRETFERRY_TEST_POSTGRES="postgres://postgres:postgres@127.0.0.1:$port/postgres"
    export SECRETFERRY_TEST_POSTGRES_CA="$run/tls/ca.crt"
    export SECRETFERRY_TEST_TLS="$run/tls"
    export SECRETFERRY_TEST_AIRFLOW_2="$airflow_2"
    export SECRETFERRY_TEST_AIRFLOW_3="$airflow_3"
    export SECRETFERRY_TEST_CLOUD_CLIENTS="$airflow_3"
    export SECRETFERRY_TEST_METASTORES="$run/metastores"
    unset "${!PG@}"
}

# run_command COMMAND…: in the foreground with the terminal and the signals as they were; its pid is for the undertaker.
run_command() {
    local status=0
    # shellcheck disable=SC2016 # the inner shell expands these
    bash -c 'echo $$ >"$0"; exec "$@"' "$run/command.pid" "$@" 8>&- || status=$?
    rm -f "$run/command.pid"
    return "$status"
}

main() {
    [[ $# -gt 0 ]] || fail "usage: with.sh COMMAND…"
    golden="$tests_folder/golden/connections.jsonl"
    [[ -e "$golden" ]] || fail "tests/golden/connections.jsonl is missing"
    "$servers_folder/install.sh"
    unset "${!PG@}" "${!VAULT_@}" "${!AIRFLOW@}" "${!AWS_@}" "${!AZURE_@}" "${!GOOGLE_@}" "${!CLOUDSDK_@}" # what the caller's shell is set to must not sway a test
    postgres="$(find_postgres)" || fail "no PostgreSQL"
    open_run
    make_certificates
    start_postgres
    build_metastores
    lay_out_metastores
    export_places
    local status=0
    run_command "$@" || status=$?
    exec 8>&-
    wait "$undertaker" || true
    return "$status"
}

main "$@"
