//! The address of a metastore: a SQLAlchemy URL, taken apart as SQLAlchemy does it and never shown whole.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::parameter::Parameters;
use crate::model::SecretValue;

/// Where a metastore is and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A PostgreSQL server.
    Postgres(Box<PostgresAddress>),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// The address of a PostgreSQL database; what is left out is taken from the `PG…` variables, as libpq does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PostgresAddress {
    /// A name, an address or the folder of a Unix socket.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The role.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretValue>,
    /// The database.
    pub database: Option<String>,
    /// The rest.
    pub parameters: Parameters,
}

/// What is wrong with an address, and what to write instead. Repeats nothing of the URL but the names of its parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct AddressError {
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    pub remedy: String,
}

impl AddressError {
    /// An error of one sentence, and what to do.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(_) => f.write_str("Address(PostgreSQL, redacted)"),
            Self::Sqlite(path) => write!(f, "Address(SQLite, {})", path.display()),
        }
    }
}

impl Address {
    /// Parses a SQLAlchemy URL.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(AddressError::new("the URL of the metastore has no ://", EXAMPLE));
        };
        let (dialect, _driver) = scheme.split_once('+').unwrap_or((scheme, ""));
        match dialect {
            "postgresql" | "postgres" => Ok(Self::Postgres(Box::new(postgres(rest)?))),
            "sqlite" => sqlite(rest).map(Self::Sqlite),
            "mysql" | "mariadb" => Err(not_built("MySQL and MariaDB")),
            "mssql" => Err(not_built("SQL Server")),
            _ => Err(AddressError::new("the URL of the metastore names no database we know", EXAMPLE)),
        }
    }
}

const EXAMPLE: &str = "write postgresql+psycopg2://user:password@host:5432/airflow or sqlite:////folder/airflow.db, as [database] sql_alchemy_conn has it";
const ENCODE: &str = "percent-encode the user and the password: @ is %40, / is %2F, : is %3A, ? is %3F, % is %25";

fn not_built(database: &str) -> AddressError {
    AddressError::new(
        format!("metastores in {database} are not built yet"),
        "PostgreSQL and SQLite are understood; `airflow connections export` files can be read with kind local-files",
    )
}

fn sqlite(rest: &str) -> Result<PathBuf, AddressError> {
    let Some(path) = rest.strip_prefix('/') else {
        return Err(AddressError::new("the SQLite URL holds no path", "write sqlite:////absolute/path/airflow.db"));
    };
    // Options such as `?mode=ro` and `?timeout=30` speak to Python's driver; ours are fixed, and read-only.
    let path = decoded(path.split('?').next().unwrap_or(path))?;
    if path.is_empty() || path == ":memory:" || path.starts_with("file:") {
        return Err(AddressError::new(
            "the SQLite URL does not name a file",
            "write sqlite:////absolute/path/airflow.db",
        ));
    }
    Ok(PathBuf::from(path))
}

fn postgres(rest: &str) -> Result<PostgresAddress, AddressError> {
    let (credentials, rest) = split_credentials(rest);
    // SQLAlchemy 1.3 took a bare @ for part of the password, later ones for part of the host: ours to ask, not to guess.
    if rest.contains('@') {
        return Err(AddressError::new("an @ stands in the URL of the metastore where none can be", ENCODE));
    }
    let mut address = PostgresAddress::default();
    if let Some((user, password)) = credentials {
        address.user = Some(decoded(user)?).filter(|user| !user.is_empty());
        address.password = password.map(decoded).transpose()?.map(SecretValue::new);
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    (address.host, address.port) = split_server(server)?;
    address.database = Some(decoded(database)?).filter(|database| !database.is_empty());
    for (name, text) in query_pairs(query)? {
        address.set(&name, text)?;
    }
    Ok(address)
}

/// The part of SQLAlchemy's pattern `(?:([^:/]*)(?::([^@]*))?@)?`, with its greed and its backtracking.
fn split_credentials(rest: &str) -> (Option<(&str, Option<&str>)>, &str) {
    let end_of_user = rest.find([':', '/']).unwrap_or(rest.len());
    let (user, tail) = rest.split_at(end_of_user);
    if let Some((password, tail)) = tail.strip_prefix(':').and_then(|tail| tail.split_once('@')) {
        return (Some((user, Some(password))), tail);
    }
    match user.rfind('@') {
        Some(at) => (Some((&user[..at], None)), &rest[at + 1..]),
        None => (None, rest),
    }
}

fn split_server(server: &str) -> Result<(Option<String>, Option<u16>), AddressError> {
    if server.contains(',') {
        return Err(several_hosts());
    }
    let (host, port) = match server.strip_prefix('[').and_then(|server| server.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, tail)) => (host, Some(tail.strip_prefix(':').ok_or_else(wrong_port)?)),
        None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
    };
    let host = (!host.is_empty()).then(|| host.to_owned());
    Ok((host, port.map(parsed_port).transpose()?))
}

fn parsed_port(text: &str) -> Result<u16, AddressError> {
    text.parse().map_err(|_| wrong_port())
}

fn wrong_port() -> AddressError {
    AddressError::new("what stands after the host in the URL of the metastore is no port", ENCODE)
}

fn several_hosts() -> AddressError {
    AddressError::new("the URL of the metastore names several hosts", "name one, or a proxy that finds the primary")
}

fn decoded(text: &str) -> Result<String, AddressError> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into)
        .map_err(|_| AddressError::new("the URL of the metastore decodes to bytes that are not UTF-8", ENCODE))
}

/// The query as Python's `parse_qsl` reads it: `+` is a blank, empty values are dropped.
fn query_pairs(query: &str) -> Result<Vec<(String, String)>, AddressError> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let plain = |text: &str| decoded(&text.replace('+', " "));
    pairs.filter(|(_, text)| !text.is_empty()).map(|(name, text)| Ok((plain(name)?, plain(text)?))).collect()
}

impl PostgresAddress {
    /// Takes one parameter; those that say again what the URL says win over it, as in psycopg2.
    fn set(&mut self, name: &str, text: String) -> Result<(), AddressError> {
        match name {
            "host" if text.contains(',') => return Err(several_hosts()),
            "host" => (self.host, self.port) = self.server_of(text)?,
            "port" => self.port = Some(parsed_port(&text)?),
            "user" => self.user = Some(text),
            "password" => self.password = Some(SecretValue::new(text)),
            "dbname" | "database" => self.database = Some(text),
            _ => self.parameters.set(name, text)?,
        }
        Ok(())
    }

    /// In SQLAlchemy a host in the query may carry its port; a socket's folder does not.
    fn server_of(&self, text: String) -> Result<(Option<String>, Option<u16>), AddressError> {
        if text.starts_with('/') {
            return Ok((Some(text), self.port));
        }
        let (host, port) = split_server(&text)?;
        Ok((host, port.or(self.port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> PostgresAddress {
        match Address::parse(url) {
            Ok(Address::Postgres(address)) => *address,
            other => unreachable!("{url}: {other:?}"),
        }
    }

    fn shown(url: &str) -> String {
        let address = parsed(url);
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        let password = address.password.as_ref().map_or("-", SecretValue::expose);
        let port = address.port.map(|port| port.to_string());
        format!(
            "{} {password} {} {} {}",
            text(&address.user),
            text(&address.host),
            text(&port),
            text(&address.database)
        )
    }

    /// Left what stands in the URL, right what SQLAlchemy 2.1.9 makes of it: user, password, host, port, database.
    #[test]
    fn takes_urls_apart_as_sqlalchemy_does() {
        for (url, expected) in [
            (
                "postgresql+psycopg2://airflow:p%40ss%2Fw+d@db.example:5433/airflow?sslmode=require",
                "airflow p@ss/w+d db.example 5433 airflow",
            ),
            ("postgresql://u@v@host/db", "u@v - host - db"),
            ("postgresql+asyncpg://u:a/b:c@host/db", "u a/b:c host - db"),
            ("postgresql+psycopg://u:@host/db", "u  host - db"),
            ("postgres://:p@host/db", "- p host - db"),
            ("postgresql:///db", "- - - - db"),
            ("postgresql://host", "- - host - -"),
            ("postgresql://[::1]:5432/db", "- - ::1 5432 db"),
            ("postgresql://u:p@[::1]/db", "u p ::1 - db"),
            ("postgresql://u:p@/db?host=/var/run/pg", "u p /var/run/pg - db"),
            ("postgresql://u:p@/db?host=h:5433", "u p h 5433 db"),
            ("postgresql://u:p@h/d%20b", "u p h - d b"),
            ("postgresql://u:p%zz@h/db", "u p%zz h - db"),
            ("postgresql://u:p?x@h/db", "u p?x h - db"),
            ("postgresql://u:p#x@h/db#y", "u p#x h - db#y"),
            ("postgresql://u:p@h/db?user=w&password=q+r&dbname=e&port=7&empty=", "w q r h 7 e"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn names_the_file_of_a_sqlite_url() {
        for (url, expected) in [
            ("sqlite:////abs/a b.db", "/abs/a b.db"),
            ("sqlite:///relative.db", "relative.db"),
            ("sqlite+aiosqlite:////x?mode=ro", "/x"),
            ("sqlite:////tmp/a:b@c/d.db", "/tmp/a:b@c/d.db"),
        ] {
            assert_eq!(Address::parse(url), Ok(Address::Sqlite(PathBuf::from(expected))));
        }
    }

    #[test]
    fn refuses_the_rest_without_repeating_it() {
        for (url, expected) in [
            ("canary", "no ://"),
            (" postgresql://u:canary@h/db", "no database we know"),
            ("mysql+mysqldb://u:canary@h/db", "not built yet"),
            ("mssql+pyodbc://u:canary@h/db", "not built yet"),
            ("postgresql://u:p@canary@host/db", "an @ stands"),
            ("postgresql://u:p@a/canary@host/db", "an @ stands"),
            ("postgresql://u@host:5432/db?options=canary@b", "u"),
            ("postgresql://u:p@h:canary/db", "no port"),
            ("postgresql://u:p@h:/db", "no port"),
            ("postgresql://u:p@[::1]canary/db", "no port"),
            ("postgresql://h1:1,h2:2/canary", "several hosts"),
            ("postgresql:///canary?host=h1:1,h2:2", "several hosts"),
            ("postgresql://u:canary%FF@h/db", "not UTF-8"),
            ("postgresql://u:p@h/db?sslmode=canary", "sslmode"),
            ("postgresql://u:p@h/db?service=canary", "service"),
            ("postgresql://u:p@h/db?options=canary", "options"),
            ("sqlite://", "no path"),
            ("sqlite:///:memory:", "not name a file"),
            ("sqlite:///file:canary?uri=true", "not name a file"),
        ] {
            // SQLAlchemy reads this one as the password "5432/db?options=canary" at the host b, and so do we.
            let error = match Address::parse(url) {
                Err(error) => error,
                Ok(_) if url.contains("canary@b") => continue,
                Ok(address) => unreachable!("{url} became {address:?}"),
            };
            let text = format!("{error} {error:?}");
            assert!(text.contains(expected), "{url}: {text}");
            assert!(!text.contains("canary"), "{url}: {text}");
        }
    }

    #[test]
    fn shows_no_credentials() {
        let text = format!("{:?}", Address::parse("postgresql://canary:canary@canary/canary"));
        assert_eq!(text, "Ok(Address(PostgreSQL, redacted))");
    }
}
