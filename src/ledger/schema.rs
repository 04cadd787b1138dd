//! The ledger's tables and its first row: made, brought up to date and recognised, in one transaction.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row as _, raw_sql};
use uuid::Uuid;

use super::audit::{AuditHead, seal};
use super::error::LedgerError;
use super::key_file;
use crate::model::{MasterKey, Purpose, hex};

/// Every migration in order; the number of those applied is the file's `user_version`.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_ledger.sql")];

/// What SQLite keeps in the file's head to tell whose it is: `SFLD`.
const APPLICATION: i64 = 0x5346_4c44;

/// How often the switch to write-ahead logging is tried.
const SWITCHES: u32 = 50;

/// How long the others are given between two tries.
const BETWEEN_SWITCHES: Duration = Duration::from_millis(20);

/// The version of the digests kept in the ledger.
const FORMAT: i64 = 1;

/// Who a ledger is.
pub(super) struct Installation {
    /// Its UUID.
    pub ledger: String,
    /// The key everything is digested with.
    pub key: MasterKey,
}

/// Makes the file at `path` a ledger of the latest schema, or finds out why it cannot be one.
///
/// `given` is the configured key; without one the key file beside the ledger is used, and made together with the ledger only.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    path: &Path,
    given: Option<MasterKey>,
) -> Result<Installation, LedgerError> {
    // Looked at before anything is changed: a file that is not ours stays as it was.
    // On an error the caller drops the connection, and with it the transaction.
    raw_sql("BEGIN").execute(&mut *connection).await?;
    applied(connection).await?;
    raw_sql("COMMIT").execute(&mut *connection).await?;
    log_ahead(connection).await?;
    raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let installed = install(connection, path, given).await?;
    raw_sql("COMMIT").execute(connection).await?;
    Ok(installed)
}

/// Switches to write-ahead logging, for which SQLite does not wait while others open the same new file.
async fn log_ahead(connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    let mut last = Ok(());
    for _ in 0..SWITCHES {
        last =
            raw_sql("PRAGMA journal_mode = WAL").execute(&mut *connection).await.map(drop).map_err(LedgerError::from);
        if last != Err(LedgerError::Locked) {
            break;
        }
        tokio::time::sleep(BETWEEN_SWITCHES).await;
    }
    last
}

async fn install(
    connection: &mut SqliteConnection,
    path: &Path,
    given: Option<MasterKey>,
) -> Result<Installation, LedgerError> {
    for (number, script) in MIGRATIONS.iter().enumerate().skip(applied(connection).await?) {
        raw_sql(*script).execute(&mut *connection).await?;
        set_pragma(connection, "user_version", number as i64 + 1).await?;
        set_pragma(connection, "application_id", APPLICATION).await?;
    }
    let row =
        sqlx::query("SELECT ledger, key_id, key_check FROM installation").fetch_optional(&mut *connection).await?;
    let key_path = key_file::beside(path);
    let Some(row) = row else {
        let key = match given {
            Some(key) => key,
            None => key_file::load_or_create(&key_path)?,
        };
        return begin(connection, key).await;
    };
    let key = match given {
        Some(key) => key,
        None => key_file::load(&key_path)?.ok_or_else(|| LedgerError::KeyMissing(key_path.display().to_string()))?,
    };
    let installation = Installation { ledger: row.try_get("ledger")?, key };
    if row.try_get::<String, _>("key_check")? != installation.key_check() {
        let found = installation.key.subkey(Purpose::Check).id().as_str().to_owned();
        return Err(LedgerError::WrongKey { expected: row.try_get("key_id")?, found });
    }
    Ok(installation)
}

async fn begin(connection: &mut SqliteConnection, key: MasterKey) -> Result<Installation, LedgerError> {
    let installation = Installation { ledger: Uuid::new_v4().to_string(), key };
    let audit_key = installation.key.subkey(Purpose::Audit);
    let origin = AuditHead::origin(&audit_key, &installation.ledger);
    sqlx::query(
        "INSERT INTO installation (one, ledger, format, key_id, key_check, created_at, created_by,
            origin_sequence, origin_digest, head_sequence, head_digest, head_seal)
         VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $7, $8, $9)",
    )
    .bind(&installation.ledger)
    .bind(FORMAT)
    .bind(audit_key.id().as_str())
    .bind(installation.key_check())
    .bind(Timestamp::now().as_microsecond())
    .bind(env!("CARGO_PKG_VERSION"))
    .bind(origin.sequence)
    .bind(&origin.digest)
    .bind(seal(&audit_key, &origin, &origin))
    .execute(connection)
    .await?;
    Ok(installation)
}

impl Installation {
    fn key_check(&self) -> String {
        hex(&self.key.subkey(Purpose::Check).digest(&[b"ledger", self.ledger.as_bytes()]))
    }
}

/// How many migrations the file has seen; 0 for an empty one, an error for one that is not ours.
async fn applied(connection: &mut SqliteConnection) -> Result<usize, LedgerError> {
    let application = number(connection, "PRAGMA application_id").await?;
    let version = number(connection, "PRAGMA user_version").await?;
    let known = MIGRATIONS.len() as i64;
    if application == APPLICATION {
        return match usize::try_from(version) {
            Ok(applied) if version <= known => Ok(applied),
            _ => Err(LedgerError::Newer { found: version, known }),
        };
    }
    let tables = number(connection, "SELECT count(*) FROM sqlite_master").await?;
    if (application, version, tables) == (0, 0, 0) { Ok(0) } else { Err(LedgerError::NotALedger) }
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, LedgerError> {
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

// A pragma takes no parameters; both parts are our own constants.
async fn set_pragma(connection: &mut SqliteConnection, pragma: &'static str, value: i64) -> Result<(), LedgerError> {
    raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA {pragma} = {value}"))).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    /// The test vector of `docs/ledger-format.md`.
    #[test]
    fn the_key_check_is_the_one_written_down() {
        let key = MasterKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let installation = Installation { ledger: "5f0c0a52-6a0e-4c1e-9d1b-3c4b8d2f7a11".to_owned(), key };
        let expected = "efda23d1120fedea532e09fd390c56eb7b13e4a4a8f1e1b5ade2f438e4d321db";
        assert_eq!(installation.key_check(), expected);
        assert_eq!(installation.key.subkey(Purpose::Check).id().as_str(), "30c268d6");
    }
}
