#!/usr/bin/env bash
# install.sh: installs the real servers that `make test` talks to; quick when they are there already.
#
#   install.sh         PostgreSQL, strace, Chromium, Vault's core, Docker Compose's reader of .env files, promtool, Airflow 2.11.2 and 3.3.2, moto
#   install.sh deny    cargo-deny alone, for `make lint`
#
# Vault is under BUSL-1.1. What is built here serves the tests on the machine that built it; it is never shipped.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

apt_updated=no

# install_package PACKAGE: from Debian; the index is refreshed first, because a fresh machine has none.
install_package() {
    [[ $EUID -eq 0 ]] || fail "$1 is missing and takes root to install: sudo apt-get install $1"
    command -v apt-get >/dev/null || fail "$1 is missing; install it with this system's package manager"
    if [[ $apt_updated == no ]]; then
        say "refreshing the package index"
        apt-get update -qq >/dev/null
        apt_updated=yes
    fi
    say "installing $1"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

install_packages() {
    find_postgres >/dev/null || install_package postgresql
    find_postgres >/dev/null || fail "postgresql is installed, but has no initdb"
    command -v psql >/dev/null || install_package postgresql-client
    local tool
    for tool in strace openssl curl chromium; do
        command -v "$tool" >/dev/null || install_package "$tool"
    done
    command -v chromedriver >/dev/null || install_package chromium-driver
    [[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]] || install_package fonts-dejavu-core # pages need some font
}

install_vault() {
    is_ready "$vault_home" && return
    command -v go >/dev/null || fail "Go 1.25.3 or later is needed to build Vault; Debian's own is too old"
    say "building Vault's core, about 7 minutes the first time"
    rm -rf "$vault_home"
    mkdir -p "$vault_home"
    (cd "$servers_folder/vault" && GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -ldflags "-s -w" -o "$vault_binary" .) ||
        fail "Vault did not build"
    touch "$vault_home/.ready"
}

install_dotenv() {
    is_ready "$dotenv_home" && return
    say "building Docker Compose's reader of .env files, some seconds"
    rm -rf "$dotenv_home"
    mkdir -p "$dotenv_home"
    (cd "$servers_folder/dotenv" && GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false -o "$dotenv_binary" .) ||
        fail "the reader of .env files did not build"
    touch "$dotenv_home/.ready"
}

# install_promtool: out of Debian's package, which is not installed: that would start a server.
install_promtool() {
    is_ready "$promtool_home" && return
    command -v apt-get >/dev/null || fail "promtool comes out of Debian's package prometheus; there is no apt-get here"
    say "fetching promtool, about 20 MB"
    rm -rf "$promtool_home"
    mkdir -p "$promtool_home"
    [[ $EUID -ne 0 || $apt_updated == yes ]] || apt-get update -qq >/dev/null
    (cd "$promtool_home" && apt-get download -qq prometheus >/dev/null 2>&1) || fail "the package prometheus could not be fetched"
    dpkg-deb --extract "$promtool_home"/prometheus_*.deb "$promtool_home" || fail "the package prometheus could not be unpacked"
    rm -f "$promtool_home"/prometheus_*.deb "$promtool_home/usr/bin/prometheus"
    touch "$promtool_home/.ready"
}

# find_python: a version manager's python3.11 may be a shim that refuses to run, so it is tried, not only looked up.
find_python() {
    local python
    for python in python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    fail "Airflow and moto need Python 3.11; none was found"
}

# install_python HOME REQUIREMENTS PACKAGE: a venv with exactly the frozen packages, of which PACKAGE is the chief.
install_python() {
    is_ready "$1" && [[ -x "$1/bin/python" ]] && return
    local python
    python="$(find_python)"
    say "installing $(grep -E "^$3==" "$2") into a venv, about 2 minutes"
    rm -rf "$1"
    mkdir -p "$cache"
    "$python" -m venv "$1" 2>/dev/null || {
        install_package python3-venv # Debian's python3 comes without it
        "$python" -m venv --clear "$1"
    }
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$2" || fail "pip failed"
    touch "$1/.ready"
}

install_deny() {
    [[ -x "$tools_home/bin/cargo-deny" ]] && return
    say "building cargo-deny, about 5 minutes"
    cargo install --quiet --locked --root "$tools_home" "cargo-deny@${tools_home##*-}"
}

# main: under a lock, so that two clones that install at once do not tread on one another.
main() {
    local what="${1:-servers}" lock
    mkdir -p "$cache"
    exec {lock}>"$cache/.lock-$what"
    flock -n "$lock" || {
        say "another installation is at work, waiting for it"
        flock "$lock"
    }
    case "$what" in
    servers)
        install_packages
        install_vault
        install_dotenv
        install_promtool
        install_python "$airflow_2_home" "$servers_folder/requirements-2.11.2.txt" apache-airflow
        install_python "$airflow_3_home" "$servers_folder/requirements-3.3.2.txt" apache-airflow
        install_python "$moto_home" "$servers_folder/requirements-moto.txt" moto
        ;;
    deny) install_deny ;;
    *) fail "unknown: $what (servers, deny)" ;;
    esac
}

main "$@"
