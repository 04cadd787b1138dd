#!/usr/bin/env bash
# cache.sh: where the test servers lie, and under which key. Sourced by install.sh and with.sh; runs nothing by itself.
#
# Everything is kept outside the clone, each item in a folder named after a digest of all it is made from, so that
# another clone finds it, and a changed pin never meets an old build. The folder may be deleted at any time.
#
# shellcheck disable=SC2034 # the names are for those that source this

servers_folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tests_folder="$(dirname "$servers_folder")"
cache="${SECRETFERRY_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/secretferry-tests}"

# digest FILE…: twelve hex digits that stand for the contents and base names of the files.
digest() {
    local file
    for file in "$@"; do
        printf '%s\n' "${file##*/}"
        sha256sum <"$file"
    done | sha256sum | cut -c -12
}

vault_home="$cache/vault-$(digest "$servers_folder"/vault/{main.go,go.mod,go.sum})"
dotenv_home="$cache/dotenv-$(digest "$servers_folder"/dotenv/{main.go,go.mod,go.sum})"
airflow_2_home="$cache/airflow-2.11.2-$(digest "$servers_folder/requirements-2.11.2.txt")"
airflow_3_home="$cache/airflow-3.3.2-$(digest "$servers_folder/requirements-3.3.2.txt")"
moto_home="$cache/moto-$(digest "$servers_folder/requirements-moto.txt")"
tools_home="$cache/cargo-deny-0.20.2"
promtool_home="$cache/promtool"

vault_binary="$vault_home/vault"
dotenv_binary="$dotenv_home/dotenv"
airflow_2="$airflow_2_home/bin/python"
airflow_3="$airflow_3_home/bin/python"
moto_server="$moto_home/bin/moto_server"
promtool="$promtool_home/usr/bin/promtool"

# is_ready HOME: the stamp is the last thing an installation writes, so half a one is never taken for a whole.
is_ready() { [[ -e "$1/.ready" ]]; }

# say TEXT…: one line on stderr for whoever watches; stdout belongs to the command that is run.
say() { printf 'servers: %s\n' "$*" >&2; }

# fail TEXT…: the same, and the end.
fail() {
    say "$*"
    exit 1
}

# find_postgres: the folder with initdb, pg_ctl and postgres, which Debian keeps off the PATH; fails if there is none.
find_postgres() {
    local folder
    for folder in "$(dirname "$(command -v initdb || echo /none/x)")" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
        if [[ -x "$folder/initdb" && -x "$folder/pg_ctl" && -x "$folder/postgres" ]]; then
            echo "$folder"
            return
        fi
    done
    return 1
}
