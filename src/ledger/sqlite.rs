//! A ledger in a file: how it is made, opened, recognised and brought up to date, and what SQLite's errors mean.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, raw_sql};

use super::error::LedgerError;

/// Every migration in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/sqlite/0001_ledger.sql"),
    include_str!("../../migrations/sqlite/0002_source_name.sql"),
    include_str!("../../migrations/sqlite/0003_daemons.sql"),
];

/// The first migration of which the file notes who applied it.
const FIRST_NOTED: usize = 3;

/// What SQLite keeps in the file's head to tell whose it is: `SFLD`.
const APPLICATION: i64 = 0x5346_4c44;

/// How long a lock of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many callers may read at once.
const READERS: u32 = 2;

/// How often the switch to write-ahead logging is tried.
const SWITCHES: u32 = 50;

/// How long the others are given between two tries.
const BETWEEN_SWITCHES: Duration = Duration::from_millis(20);

/// Tells whether there is a file.
pub(super) fn exists(path: &Path) -> Result<bool, LedgerError> {
    path.try_exists().map_err(|cause| LedgerError::of_file(path, &cause))
}

/// Makes an empty file that only its owner may open; SQLite gives its companions the same rights.
///
/// A file that is there is not touched: closing it would drop the locks this process may have on it.
pub(super) fn create_private(path: &Path) -> Result<(), LedgerError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(LedgerError::of_file(path, &cause)),
        _ => Ok(()),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// Opens the file and begins the transaction in which it is made a ledger, or found to be none.
pub(super) async fn open(path: &Path) -> Result<SqliteConnection, LedgerError> {
    let mut connection = options(path).connect().await.map_err(fault)?;
    // Looked at before anything is changed: a file that is not ours stays as it was.
    // On an error the caller drops the connection, and with it the transaction.
    run(&mut connection, "BEGIN").await?;
    applied(&mut connection).await?;
    run(&mut connection, "COMMIT").await?;
    log_ahead(&mut connection).await?;
    run(&mut connection, "BEGIN IMMEDIATE").await?;
    for (number, script) in MIGRATIONS.iter().enumerate().skip(applied(&mut connection).await?) {
        run(&mut connection, script).await?;
        if number + 1 >= FIRST_NOTED {
            let note = sqlx::query("INSERT INTO migrations VALUES ($1, $2)").bind(number as i64 + 1);
            note.bind(env!("CARGO_PKG_VERSION")).execute(&mut connection).await.map_err(fault)?;
        }
        set_pragma(&mut connection, "user_version", number as i64 + 1).await?;
        set_pragma(&mut connection, "application_id", APPLICATION).await?;
    }
    Ok(connection)
}

/// Connections that only read.
pub(super) fn readers(path: &Path) -> SqlitePool {
    let options = options(path).pragma("query_only", "ON");
    SqlitePoolOptions::new().max_connections(READERS).connect_lazy_with(options)
}

/// Begins a transaction of the only writer.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<i64, LedgerError> {
    run(connection, "BEGIN IMMEDIATE").await?;
    Ok(Timestamp::now().as_microsecond())
}

/// Switches to write-ahead logging, for which SQLite does not wait while others open the same new file.
async fn log_ahead(connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    let mut last = Ok(());
    for _ in 0..SWITCHES {
        last = run(connection, "PRAGMA journal_mode = WAL").await;
        if last != Err(LedgerError::Locked) {
            break;
        }
        tokio::time::sleep(BETWEEN_SWITCHES).await;
    }
    last
}

/// How many migrations the file has seen; 0 for an empty one, an error for one that is not ours.
async fn applied(connection: &mut SqliteConnection) -> Result<usize, LedgerError> {
    let application = number(connection, "PRAGMA application_id").await?;
    let version = number(connection, "PRAGMA user_version").await?;
    if application == APPLICATION {
        return match usize::try_from(version) {
            Ok(applied) if applied <= MIGRATIONS.len() => Ok(applied),
            _ => {
                // What a newer program calls this, nobody knows.
                let noted = sqlx::query_scalar("SELECT applied_by FROM migrations ORDER BY number DESC LIMIT 1");
                let by = noted.fetch_optional(connection).await.ok().flatten();
                Err(LedgerError::newer(version, MIGRATIONS.len(), by))
            }
        };
    }
    let tables = number(connection, "SELECT count(*) FROM sqlite_master").await?;
    if (application, version, tables) == (0, 0, 0) { Ok(0) } else { Err(LedgerError::NotALedger) }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), LedgerError> {
    raw_sql(sql).execute(connection).await.map(drop).map_err(fault)
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, LedgerError> {
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(fault)
}

// A pragma takes no parameters; both parts are our own constants.
async fn set_pragma(connection: &mut SqliteConnection, pragma: &'static str, value: i64) -> Result<(), LedgerError> {
    let sql = sqlx::AssertSqlSafe(format!("PRAGMA {pragma} = {value}"));
    raw_sql(sql).execute(connection).await.map(drop).map_err(fault)
}

/// What an error of SQLite means.
pub(super) fn fault(error: sqlx::Error) -> LedgerError {
    match error {
        sqlx::Error::Database(cause) => of_code(cause.as_ref()),
        sqlx::Error::Io(cause) => LedgerError::Disk(cause.to_string()),
        sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => LedgerError::Closed,
        other => LedgerError::Database(other.to_string()),
    }
}

/// SQLite could not make room for the file that its connections share: `SQLITE_IOERR_SHMSIZE`.
const NO_ROOM_FOR_SHARED_MEMORY: u32 = 4874;

// https://www.sqlite.org/rescode.html: the low byte is the primary code.
fn of_code(error: &dyn sqlx::error::DatabaseError) -> LedgerError {
    let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
    let cause = error.message().to_owned();
    match code & 0xff {
        5 | 6 => LedgerError::Locked,
        13 => LedgerError::Full,
        10 if code == NO_ROOM_FOR_SHARED_MEMORY => LedgerError::Full,
        3 | 8 | 14 | 23 => LedgerError::Unopened(cause),
        10 | 11 => LedgerError::Disk(cause),
        26 => LedgerError::NotALedger,
        _ => LedgerError::Database(cause),
    }
}
