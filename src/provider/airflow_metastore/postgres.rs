//! PostgreSQL: the login, the catalogue and the columns of a row.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow, PgSslMode};
use sqlx::{ConnectOptions as _, PgConnection, Row as _, ValueRef as _};

use super::address::{AddressError, PostgresAddress};
use super::cell::Cell;
use super::layout::{Layout, TABLES};
use super::parameter::{Root, SslMode};
use super::session::Session;
use crate::reference::TlsSettings;

/// Logs in.
pub async fn connect(options: &PgConnectOptions, within: Option<Duration>) -> sqlx::Result<Session> {
    let connected = match within {
        Some(within) => tokio::time::timeout(within, options.connect()).await.unwrap_or_else(|_| Err(too_late())),
        None => options.connect().await,
    };
    Ok(Session::Postgres(Box::new(connected?)))
}

fn too_late() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no login within the URL's connect_timeout"))
}

/// What `address` means, but for TLS. What it does not say is taken from the `PG…` variables, as libpq does.
pub fn options(address: &PostgresAddress) -> PgConnectOptions {
    // A password file is not looked into: it would be searched before the host is known.
    let mut options = PgConnectOptions::new_without_pgpass();
    if let Some(host) = &address.host {
        options = options.host(host);
    }
    if let Some(port) = address.port {
        options = options.port(port);
    }
    if let Some(user) = &address.user {
        options = options.username(user);
    }
    if let Some(password) = &address.password {
        options = options.password(password.expose());
    }
    if let Some(database) = &address.database {
        options = options.database(database);
    }
    let application = address.parameters.application.as_deref().unwrap_or("secretferry");
    options = options.application_name(application);
    // PgBouncer, which Airflow's Helm chart puts before the database, refuses settings it does not know, even empty ones.
    if !address.parameters.options.is_empty() {
        options = options.options(address.parameters.options.iter().map(|(name, text)| (name, text)));
    }
    options.extra_float_digits(None).disable_statement_logging()
}

/// The same with TLS: reads the files of the URL and of `tls`, afresh.
pub fn secured(address: &PostgresAddress, tls: &TlsSettings) -> Result<PgConnectOptions, AddressError> {
    let parameters = &address.parameters;
    let mut options = options(address);
    if let Some(mode) = ssl_mode(address, tls)? {
        options = options.ssl_mode(sqlx_mode(mode));
    }
    let root = match (&tls.ca, &parameters.ssl_root) {
        (Some(file), _) | (None, Some(Root::File(file))) => Some(file),
        (None, Some(Root::System) | None) => None,
    };
    if let Some(file) = root {
        options = options.ssl_root_cert_from_pem(pem(file)?);
    }
    let certificate = tls.client_certificate.as_ref().or(parameters.ssl_certificate.as_ref());
    let key = tls.client_key.as_ref().or(parameters.ssl_key.as_ref());
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Ok(options.ssl_client_cert_from_pem(pem(certificate)?).ssl_client_key_from_pem(pem(key)?))
        }
        (None, None) => Ok(options),
        _ => Err(AddressError::new(
            "a client certificate and its key must be given together",
            "set sslcert and sslkey in the URL, or client-certificate and client-key in the store's tls table",
        )),
    }
}

/// Weighs what the URL asks against the authorities that are given.
///
/// As in libpq, `require` with an authority is `verify-ca`. An authority in our own table is a wish to verify.
pub fn ssl_mode(address: &PostgresAddress, tls: &TlsSettings) -> Result<Option<SslMode>, AddressError> {
    let parameters = &address.parameters;
    let root = tls.ca.is_some() || parameters.ssl_root.is_some();
    match parameters.ssl_mode {
        None if tls.ca.is_some() || parameters.ssl_root == Some(Root::System) => Ok(Some(SslMode::VerifyFull)),
        Some(SslMode::Require) if root => Ok(Some(SslMode::VerifyCa)),
        Some(weak) if weak < SslMode::Require && tls.ca.is_some() => Err(AddressError::new(
            format!("tls.ca is set, but the URL says sslmode={}, which verifies nothing", weak.as_str()),
            "say sslmode=verify-full in the URL, leave sslmode out, or leave tls.ca out",
        )),
        mode => Ok(mode),
    }
}

fn sqlx_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Allow => PgSslMode::Allow,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}

fn pem(file: &Path) -> Result<Vec<u8>, AddressError> {
    std::fs::read(file).map_err(|cause| {
        let problem = format!("the TLS file {} cannot be read: {cause}", file.display());
        AddressError::new(problem, "correct the path, or let this user read the file")
    })
}

/// For people: `host:port/database`.
pub fn location(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("{}:{}/{database}", options.get_host(), options.get_port())
}

/// Whether nobody can listen on the way to the server.
pub fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    host.starts_with('/') || host == "localhost" || loopback || options.get_socket().is_some()
}

/// PostgreSQL's texts hold no NUL, so no row has such a name, and asking for it would fail the whole batch.
pub fn storable(ids: &[String]) -> Vec<String> {
    ids.iter().filter(|id| !id.contains('\0')).cloned().collect()
}

/// The columns of a row; all were cast to text.
pub fn cells(row: &PgRow) -> sqlx::Result<Vec<Cell>> {
    (0..row.len())
        .map(|place| {
            let raw = row.try_get_raw(place)?;
            if raw.is_null() {
                return Ok(Cell::Null);
            }
            raw.as_bytes().map(Cell::text).map_err(sqlx::Error::Decode)
        })
        .collect()
}

/// Only catalogue tables that everybody may read. `pg_table_is_visible` is what decides an unqualified name.
const CATALOGUE: &str = "
    SELECT n.nspname::text, c.relname::text, a.attname::text, pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
           pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
           pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2 END";

/// One column of the catalogue.
type Column = (String, String, String, bool, bool, bool);

/// Which of our tables are there.
pub async fn layout(connection: &mut PgConnection, schema: Option<&str>) -> sqlx::Result<Layout> {
    let names: Vec<String> = TABLES.iter().map(|name| (*name).to_owned()).collect();
    let query = sqlx::query_as(CATALOGUE).bind(names).bind(schema).persistent(false);
    let columns: Vec<Column> = query.fetch_all(&mut *connection).await?;
    let mut layout = Layout { role: Some(role(connection).await?), ..Layout::default() };
    for (schema, table, column, read, usage, write) in columns {
        let table = layout.tables.entry(table).or_default();
        table.schema = Some(schema);
        table.columns.insert(column, read.into());
        table.usage = usage.into();
        table.write = write.into();
    }
    Ok(layout)
}

async fn role(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT current_user::text").persistent(false).fetch_one(connection).await
}

/// The schemas that hold a table of connections.
pub async fn schemas(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    const ANYWHERE: &str = "
        SELECT n.nspname::text FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'conn_id' AND NOT a.attisdropped
        WHERE c.relname = 'connection' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1";
    sqlx::query_scalar(ANYWHERE).persistent(false).fetch_all(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::airflow_metastore::address::Address;

    fn address(url: &str) -> PostgresAddress {
        match Address::parse(url) {
            Ok(Address::Postgres(address)) => *address,
            other => unreachable!("{url}: {other:?}"),
        }
    }

    #[test]
    fn tls_is_as_strong_as_the_url_and_the_table_together_ask() {
        let own = TlsSettings { ca: Some("/ca.crt".into()), ..TlsSettings::default() };
        let mode = |query: &str, tls: &TlsSettings| {
            let mode = ssl_mode(&address(&format!("postgresql://h/d?{query}")), tls);
            mode.map(|mode| mode.map_or("unsaid", SslMode::as_str)).map_err(|error| error.problem)
        };
        let none = TlsSettings::default();
        assert_eq!(mode("", &none), Ok("unsaid"));
        assert_eq!(mode("sslmode=require", &none), Ok("require"));
        assert_eq!(mode("sslmode=require&sslrootcert=/ca", &none), Ok("verify-ca"));
        assert_eq!(mode("sslmode=require", &own), Ok("verify-ca"));
        assert_eq!(mode("", &own), Ok("verify-full"));
        assert_eq!(mode("sslrootcert=system", &none), Ok("verify-full"));
        assert_eq!(mode("ssl=verify_full", &own), Ok("verify-full"));
        assert!(mode("sslmode=prefer", &own).is_err());
    }

    #[test]
    fn the_location_shows_no_credentials() {
        assert_eq!(location(&options(&address("postgresql://canary:canary@db:5433/airflow"))), "db:5433/airflow");
    }

    #[test]
    fn no_start_up_options_are_sent_unless_the_url_has_some() {
        let sent = |url: &str| options(&address(url)).get_options().map(str::to_owned);
        assert_eq!(sent("postgresql://h/d"), None);
        assert_eq!(sent("postgresql://h/d?options=-csearch_path%3Da").as_deref(), Some("-c search_path=a"));
    }

    #[test]
    fn files_that_are_missing_or_alone_are_refused() {
        let refused = |query: &str| {
            let options = secured(&address(&format!("postgresql://h/d?{query}")), &TlsSettings::default());
            options.err().map(|error| error.problem).unwrap_or_default()
        };
        assert!(refused("sslmode=verify-ca&sslrootcert=/no/such/file").contains("/no/such/file"));
        assert!(refused("sslcert=/only").contains("together"));
    }
}
