//! The proof of the audit log: every row is as it was written, none is missing, none was added.

use futures::TryStreamExt as _;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::audit::{AuditHead, AuditRow, ChainEnds};
use super::error::LedgerError;
use super::open::Ledger;
use crate::model::Subkey;

/// What the audit log proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditProof {
    /// How many rows were proved, up to the break if there is one.
    pub rows: u64,
    /// The last row, as the ledger names it; to be compared with one that was kept elsewhere.
    pub head: AuditHead,
    /// The first place where the log is not as it was written.
    pub broken: Option<Break>,
}

/// What is wrong with the log, at its first place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// The row, or one it was written after, was changed.
    #[error("row {0} is not as it was written")]
    Changed(i64),
    /// The row was deleted.
    #[error("row {0} is missing")]
    Missing(i64),
    /// The row stands where none was written.
    #[error("row {0} was added")]
    Added(i64),
    /// The rows hold together, but the end of the log was moved.
    #[error("the log's end is not where it was: its seal is not ours")]
    Seal,
}

impl Ledger {
    /// Proves the whole log. It finds changed, missing, added and swapped rows, and a cut tail; only a whole ledger put
    /// back from an older copy looks right, which is what the head kept elsewhere is for.
    pub async fn audit_verify(&self) -> Result<AuditProof, LedgerError> {
        let mut snapshot = self.readers().begin().await?;
        let ends = ChainEnds::load(&mut snapshot).await?;
        let key = self.audit_key();
        let mut walk = Walk { key: &key, at: ends.origin.clone(), rows: 0 };
        let mut broken = None;
        {
            let mut rows = sqlx::query("SELECT * FROM audit ORDER BY sequence").fetch(&mut *snapshot);
            while broken.is_none()
                && let Some(row) = rows.try_next().await?
            {
                broken = walk.step(&row, &ends.head).err();
            }
        }
        let broken = broken.or_else(|| walk.end(&ends));
        Ok(AuditProof { rows: walk.rows, head: ends.head, broken })
    }
}

struct Walk<'a> {
    key: &'a Subkey,
    at: AuditHead,
    rows: u64,
}

impl Walk<'_> {
    fn step(&mut self, row: &SqliteRow, head: &AuditHead) -> Result<(), Break> {
        let expected = self.at.sequence + 1;
        // What cannot even be read was not written by us.
        let unreadable = |_| Break::Changed(expected);
        let read = AuditRow::read(row).map_err(unreadable)?;
        let stored: String = row.try_get("digest").map_err(unreadable)?;
        if read.sequence < expected || expected > head.sequence {
            return Err(Break::Added(read.sequence));
        }
        if read.sequence > expected {
            return Err(Break::Missing(expected));
        }
        if stored != read.digest(self.key, &self.at.digest) {
            return Err(Break::Changed(expected));
        }
        self.at = AuditHead { sequence: expected, digest: stored };
        self.rows += 1;
        Ok(())
    }

    fn end(&self, ends: &ChainEnds) -> Option<Break> {
        if self.at.sequence < ends.head.sequence {
            return Some(Break::Missing(self.at.sequence + 1));
        }
        let sealed = self.at == ends.head && ends.is_sealed(self.key);
        (!sealed).then_some(Break::Seal)
    }
}
