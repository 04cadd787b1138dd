//! The proof of the audit log: every row is as it was written, none is missing, none was added.

use super::audit::{AuditHead, AuditRow, ChainEnds};
use super::database::{Row, query};
use super::error::LedgerError;
use super::open::Ledger;
use crate::model::Subkey;

/// What the audit log proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditProof {
    /// How many rows were proved, up to the break if there is one.
    pub rows: u64,
    /// The last row that was folded away, as the seal says; `None` where none was. The proof begins after it.
    pub checkpoint: Option<AuditHead>,
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
        let mut snapshot = self.readers().snapshot().await?;
        let ends = ChainEnds::load(&mut snapshot).await?;
        let key = self.audit_key();
        let mut walk = Walk::begin(&key, &ends);
        let mut broken = None;
        let mut rows = query("SELECT * FROM audit ORDER BY sequence").fetch(&mut snapshot);
        while broken.is_none()
            && let Some(row) = rows.next().await?
        {
            broken = walk.step(&row).err();
        }
        let broken = broken.or_else(|| walk.end());
        let checkpoint = (ends.origin.sequence > 0).then(|| ends.origin.clone());
        Ok(AuditProof { rows: walk.rows, checkpoint, head: ends.head.clone(), broken })
    }
}

/// A walk along the rows, each proved by the one before it.
pub(super) struct Walk<'a> {
    key: &'a Subkey,
    ends: &'a ChainEnds,
    at: AuditHead,
    rows: u64,
}

impl<'a> Walk<'a> {
    /// Stands before the first row that is kept.
    pub(super) fn begin(key: &'a Subkey, ends: &'a ChainEnds) -> Self {
        Self { key, ends, at: ends.origin.clone(), rows: 0 }
    }

    /// Proves the next row.
    pub(super) fn step(&mut self, row: &Row) -> Result<AuditRow, Break> {
        let expected = self.at.sequence + 1;
        // What cannot even be read was not written by us.
        let unreadable = |_| Break::Changed(expected);
        let read = AuditRow::read(row).map_err(unreadable)?;
        let stored: String = row.try_get("digest").map_err(unreadable)?;
        if read.sequence < expected || expected > self.ends.head.sequence {
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
        Ok(read)
    }

    /// The last row that was proved.
    pub(super) fn at(&self) -> &AuditHead {
        &self.at
    }

    fn end(&self) -> Option<Break> {
        if self.at.sequence < self.ends.head.sequence {
            return Some(Break::Missing(self.at.sequence + 1));
        }
        let sealed = self.at == self.ends.head && self.ends.is_sealed(self.key);
        (!sealed).then_some(Break::Seal)
    }
}
