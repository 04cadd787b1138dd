//! The ledger's first row: who it is, and under which key.

use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{AuditHead, seal};
use super::database::{Connection, query};
use super::error::LedgerError;
use super::key_file;
use crate::model::{MasterKey, Purpose, hex};

/// The version of the digests kept in the ledger.
const FORMAT: i64 = 1;

/// Who a ledger is.
pub(super) struct Installation {
    /// Its UUID.
    pub ledger: String,
    /// The key everything is digested with.
    pub key: MasterKey,
}

/// Where the key comes from.
pub(super) enum KeySource {
    /// The config names it.
    Given(MasterKey),
    /// It lies beside the ledger, and is made together with the ledger only.
    File(PathBuf),
}

/// Reads the first row, or writes it; the connection is in the transaction in which the tables were made, and leaves it.
pub(super) async fn install(connection: &mut Connection, source: KeySource) -> Result<Installation, LedgerError> {
    let row = query("SELECT ledger, key_id, key_check FROM installation").fetch_optional(&mut *connection).await?;
    let installation = match row {
        None => {
            let key = match source {
                KeySource::Given(key) => key,
                KeySource::File(path) => key_file::load_or_create(&path)?,
            };
            begin(connection, key).await?
        }
        Some(row) => {
            let key = match source {
                KeySource::Given(key) => key,
                KeySource::File(path) => {
                    key_file::load(&path)?.ok_or_else(|| LedgerError::KeyMissing(path.display().to_string()))?
                }
            };
            let installation = Installation { ledger: row.try_get("ledger")?, key };
            if row.try_get::<String>("key_check")? != installation.key_check() {
                let found = installation.key.subkey(Purpose::Check).id().as_str().to_owned();
                return Err(LedgerError::WrongKey { expected: row.try_get("key_id")?, found });
            }
            installation
        }
    };
    connection.run("COMMIT").await?;
    Ok(installation)
}

async fn begin(connection: &mut Connection, key: MasterKey) -> Result<Installation, LedgerError> {
    let installation = Installation { ledger: Uuid::new_v4().to_string(), key };
    let audit_key = installation.key.subkey(Purpose::Audit);
    let origin = AuditHead::origin(&audit_key, &installation.ledger);
    query(
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
