//! What a job allows, as its config says.

/// What a run may do to the target; the defaults are the cautious ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether keys gone from the source are deleted.
    pub deletes: DeletePolicy,
    /// The most deletes of one run: count.
    pub max_deletes_count: u64,
    /// The most deletes of one run: percent of the keys we own.
    pub max_deletes_percent: f64,
    /// The most the source may shrink before deletes are refused: percent of the keys we own.
    pub max_shrink_percent: f64,
    /// Runs a key must be gone before it may be deleted.
    pub absent_for: u32,
    /// Whether a delete that cannot be taken back is allowed.
    pub allow_final_deletes: bool,
    /// What becomes of keys that we did not write.
    pub foreign: ForeignPolicy,
    /// What becomes of our keys that somebody else changed.
    pub drift: DriftPolicy,
    /// What becomes of softly deleted names in the way.
    pub tombstone: TombstonePolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            deletes: DeletePolicy::Never,
            max_deletes_count: 5,
            max_deletes_percent: 5.0,
            max_shrink_percent: 20.0,
            absent_for: 2,
            allow_final_deletes: false,
            foreign: ForeignPolicy::Block,
            drift: DriftPolicy::Block,
            tombstone: TombstonePolicy::Block,
        }
    }
}

/// Whether keys gone from the source are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletePolicy {
    /// Never.
    Never,
    /// Those we own.
    Owned,
}

/// What becomes of keys that we did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignPolicy {
    /// They are left alone and reported.
    Block,
    /// They are taken over if equal, else reported.
    Adopt,
    /// They are taken over and written.
    Overwrite,
}

/// What becomes of our keys that somebody else changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftPolicy {
    /// They are left alone and reported.
    Block,
    /// The change is left.
    Keep,
    /// The source's value is written again.
    Restore,
}

/// What becomes of softly deleted names in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TombstonePolicy {
    /// They are left alone and reported.
    Block,
    /// They are brought back and written.
    Restore,
}
