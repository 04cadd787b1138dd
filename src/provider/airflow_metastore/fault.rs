//! What a database says when it refuses, in our words: which kind of fault, what to do. Texts that may quote a row are not repeated.

use std::io;

use super::layout::{Lack, Layout};
use super::settings::SettingsError;
use super::sql::{qualified, quote};
use crate::model::ErrorKind;
use crate::provider::Error;

/// Turns faults into errors of one store.
#[derive(Debug, Clone)]
pub struct Faults {
    /// The store's name.
    pub store: String,
    /// Where it is, without credentials.
    pub location: String,
}

impl Faults {
    /// The settings lead nowhere.
    pub fn of_settings(&self, operation: &'static str, error: &SettingsError) -> Error {
        Error::new(ErrorKind::Invalid, operation, &self.store, error.to_string()).with_remedy(error.remedy())
    }

    /// The URL names another place than it did when the store was opened.
    pub fn moved(&self, operation: &'static str, now: &str) -> Error {
        let context = format!("the URL led to {} when the run began and leads to {now} now", self.location);
        Error::new(ErrorKind::Invalid, operation, &self.store, context)
            .with_remedy("start again, so that one run reads one database")
    }

    /// A table cannot be read. `elsewhere` are the schemas where one would be found.
    pub fn of_lack(&self, operation: &'static str, lack: &Lack, layout: &Layout, elsewhere: &[String]) -> Error {
        let role = layout.role.as_deref().map_or_else(|| "our role".to_owned(), quote);
        let (kind, context, remedy) = match lack {
            Lack::Table(_) if layout.is_foreign() => (ErrorKind::Invalid, self.foreign(), somewhere(elsewhere)),
            Lack::Table(table) => {
                (ErrorKind::Invalid, format!("{} has no table {table}", self.location), somewhere(elsewhere))
            }
            Lack::Column(table, column) => {
                let context =
                    format!("the table {table} in {} has no column {column}: it is not Airflow's", self.location);
                (ErrorKind::Invalid, context, somewhere(elsewhere))
            }
            Lack::Usage(schema) => {
                let context = format!("the role may not use the schema {schema} in {}", self.location);
                (ErrorKind::Denied, context, format!("GRANT USAGE ON SCHEMA {} TO {role};", quote(schema)))
            }
            Lack::Right(table, schema) => {
                let context = format!("the role may not read the table {table} in {}", self.location);
                let table = qualified(schema.as_deref(), table);
                (ErrorKind::Denied, context, format!("GRANT SELECT ON {table} TO {role};"))
            }
        };
        Error::new(kind, operation, &self.store, context).with_remedy(remedy)
    }

    fn foreign(&self) -> String {
        format!("{} is not an Airflow metastore: it has neither a table connection nor a table variable", self.location)
    }

    /// A request failed.
    pub fn of_sql(&self, operation: &'static str, error: &sqlx::Error) -> Error {
        let fault = match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                match error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                    Some(_) => of_sqlite(&code),
                    None => of_postgres(&code, error.message()),
                }
            }
            sqlx::Error::Io(cause) => of_io(cause),
            sqlx::Error::Tls(cause) => of_tls(&cause.to_string()),
            sqlx::Error::Configuration(cause) => of_tls(&cause.to_string()),
            sqlx::Error::Protocol(_) => {
                Fault::new(ErrorKind::Unexpected, "the answer is not as it should be, or the text is not UTF-8", "")
            }
            sqlx::Error::WorkerCrashed => {
                Fault::new(ErrorKind::Unavailable, "the thread that reads the file is gone", "")
            }
            _ => Fault::new(ErrorKind::Unexpected, "the answer cannot be understood", ""),
        };
        let context = format!("{}: {}", self.location, fault.problem);
        let error = Error::new(fault.kind, operation, &self.store, context);
        if fault.remedy.is_empty() { error } else { error.with_remedy(fault.remedy) }
    }
}

fn somewhere(elsewhere: &[String]) -> String {
    match elsewhere {
        [] => "correct the database in the URL; `airflow db check` shows what Airflow itself uses".to_owned(),
        schemas => {
            let schemas: Vec<String> = schemas.iter().map(|schema| format!("schema = {schema:?}")).collect();
            format!("there is such a table in another schema; set {} for this store", schemas.join(" or "))
        }
    }
}

/// What a fault is, before it is said of which store.
struct Fault {
    kind: ErrorKind,
    problem: String,
    remedy: &'static str,
}

impl Fault {
    fn new(kind: ErrorKind, problem: impl Into<String>, remedy: &'static str) -> Self {
        Self { kind, problem: problem.into(), remedy }
    }
}

/// By SQLSTATE. Only classes whose messages speak of roles, databases and connections are quoted.
fn of_postgres(code: &str, message: &str) -> Fault {
    let said = format!("{message} (SQLSTATE {code})");
    match code {
        "28P01" => Fault::new(ErrorKind::Denied, said, "correct the user or the password in the URL"),
        "28000" => Fault::new(
            ErrorKind::Denied,
            said,
            "correct the user, or let pg_hba.conf admit this host (TLS may be what it asks for)",
        ),
        "3D000" => Fault::new(ErrorKind::Invalid, said, "correct the database's name in the URL"),
        "42501" => Fault::new(
            ErrorKind::Denied,
            said,
            "grant SELECT on the tables connection and variable, and USAGE on their schema",
        ),
        "42P01" | "42703" => Fault::new(
            ErrorKind::Invalid,
            format!("a table or column went away while it was read (SQLSTATE {code})"),
            "run again once Airflow's migration is over",
        ),
        "57014" => Fault::new(
            ErrorKind::Unavailable,
            "the server cancelled the request (SQLSTATE 57014)",
            "raise statement_timeout for this role",
        ),
        "08P01" => Fault::new(
            ErrorKind::Unexpected,
            said,
            "a pooler between us and the server may refuse a parameter of the URL (options, for one)",
        ),
        _ => match code.get(..2) {
            Some("08" | "53" | "57") => {
                Fault::new(ErrorKind::Unavailable, said, "look after the server, then run again")
            }
            Some("40") => {
                Fault::new(ErrorKind::Unavailable, format!("the transaction was broken off (SQLSTATE {code})"), "")
            }
            _ => Fault::new(ErrorKind::Unexpected, format!("SQLSTATE {code}"), ""),
        },
    }
}

/// By primary result code; SQLite keeps finer ones in the higher bits.
fn of_sqlite(code: &str) -> Fault {
    let code: i32 = code.parse().unwrap_or_default();
    match code & 0xff {
        5 | 6 => Fault::new(
            ErrorKind::Unavailable,
            "the file is locked by a writer",
            "run again; a longer timeout waits longer",
        ),
        14 => Fault::new(
            ErrorKind::Invalid,
            "there is no such file, or it cannot be opened",
            "correct the path in the URL; a database in WAL mode needs a folder that this user may write to, or a copy made with `sqlite3 DB \".backup COPY\"`",
        ),
        3 | 23 => Fault::new(
            ErrorKind::Denied,
            "this user may not read the file",
            "let this user read the file and its folder",
        ),
        11 => Fault::new(
            ErrorKind::Unexpected,
            "the file is damaged",
            "`sqlite3 DB \"PRAGMA integrity_check\"` says where",
        ),
        26 => Fault::new(ErrorKind::Invalid, "the file is not a SQLite database", "correct the path in the URL"),
        8 => Fault::new(
            ErrorKind::Unavailable,
            "the file's journal cannot be rolled back without writing",
            "let Airflow open the database once, then run again",
        ),
        10 => Fault::new(ErrorKind::Unavailable, format!("the disk fails (SQLite {code})"), ""),
        _ => Fault::new(ErrorKind::Unexpected, format!("SQLite {code}"), ""),
    }
}

fn of_io(cause: &io::Error) -> Fault {
    match cause.kind() {
        // A certificate that is refused comes as invalid data.
        io::ErrorKind::InvalidData => of_tls(&cause.to_string()),
        _ => Fault::new(
            ErrorKind::Unavailable,
            format!("the server cannot be reached: {cause}"),
            "correct the host and the port in the URL, or start the server",
        ),
    }
}

fn of_tls(cause: &str) -> Fault {
    Fault::new(
        ErrorKind::Invalid,
        format!("TLS: {cause}"),
        "give the authority that made the server's certificate (tls.ca, or sslrootcert in the URL), use the host name that stands in the certificate, \
         or weaken sslmode knowingly",
    )
}
