//! What deciding sees of the source, the target and the baseline: names, revisions, fingerprints and facts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Fingerprint, KeyId, Reason, RemoteKey, Revision, SecretName, State};

/// The source at one moment, complete, after scope and names are settled: by the name the *target* shall have.
#[derive(Debug, Clone, Default)]
pub struct SourceSide {
    /// Every key in scope.
    pub keys: BTreeMap<SecretName, SourceKey>,
    /// The target's name of every key that the source calls otherwise, by the source's name.
    pub renamed: BTreeMap<SecretName, SecretName>,
}

impl SourceSide {
    /// The target's name of a key of the source; `None` where the source has no such key in scope.
    pub fn named(&self, source: &SecretName) -> Option<&SecretName> {
        let same = || self.keys.get_key_value(source).filter(|(_, key)| key.from.is_none()).map(|(name, _)| name);
        self.renamed.get(source).or_else(same)
    }
}

/// One key of the source.
#[derive(Debug, Clone)]
pub struct SourceKey {
    /// What the source calls it, where that is another name.
    pub from: Option<SecretName>,
    /// The source's own spelling.
    pub key: RemoteKey,
    /// The source's version of it, where it has one.
    pub revision: Option<Revision>,
    /// When the source last changed it, where it told that unasked; nothing is decided by it.
    pub changed: Option<Timestamp>,
    /// The target's spelling; an error is already a block in `content`.
    pub target_key: Option<RemoteKey>,
    /// What reading it gave.
    pub content: SourceContent,
}

/// What reading a source key gave.
#[derive(Debug, Clone)]
pub enum SourceContent {
    /// It was not read: its revision is the baseline's.
    Unread,
    /// It was read and fits the target.
    Fits(Box<SourceFacts>),
    /// It must not be written.
    Blocked(Reason, String),
    /// It cannot be understood.
    Quarantined(Reason, String),
}

/// What is kept of a source value once it was read and dropped.
#[derive(Debug, Clone)]
pub struct SourceFacts {
    /// The fingerprint of what the target's readers will see.
    pub fingerprint: Fingerprint,
    /// The digests of its fields, for the report.
    pub fields: Fields,
    /// What the target will not carry exactly, in words.
    pub notes: Vec<String>,
}

/// The digests of a value's fields, in order. Clones share them: a side and the plan made of it hold them once.
pub type Fields = Arc<[FieldDigest]>;

/// One field of a value, as a digest or, on request, in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDigest {
    /// Such as `host` or `extra.sslmode`.
    pub path: Cow<'static, str>,
    /// The short digest, or the text of a field that `--show-fields` names.
    pub shown: String,
}

/// The target at one moment, complete.
#[derive(Debug, Clone, Default)]
pub struct TargetSide {
    /// Every listed key that is in scope and that some name decodes to.
    pub keys: BTreeMap<SecretName, TargetKey>,
}

/// One key of the target.
#[derive(Debug, Clone)]
pub struct TargetKey {
    /// The target's spelling.
    pub key: RemoteKey,
    /// What became of it.
    pub state: State,
    /// Its version, where it has one and it was looked up.
    pub revision: Option<Revision>,
    /// What its mark says.
    pub owner: Owner,
    /// What reading it gave.
    pub content: TargetContent,
}

/// Whose a key of the target is, by its mark alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It carries this installation's mark for this very name, and of this job.
    Ours,
    /// It carries a mark, but of another installation, job or name.
    Other,
    /// It carries none, or marks cannot be seen here.
    Unmarked,
}

/// What reading a target key gave.
#[derive(Debug, Clone)]
pub enum TargetContent {
    /// It was not read: its revision is the baseline's, or there is nothing to read.
    Unread,
    /// Its fingerprint and fields.
    Read(Fingerprint, Fields),
    /// It is there, but no reader understands it.
    Unreadable(String),
    /// The target refused.
    Denied(String),
    /// The target failed for this key.
    Failed(String),
}

/// What we last wrote to a target.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// By name in the target.
    pub entries: BTreeMap<SecretName, BaselineEntry>,
}

/// What we last wrote under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineEntry {
    /// The job that wrote it.
    pub job: String,
    /// The target's spelling.
    pub key: RemoteKey,
    /// What was written.
    pub fingerprint: Fingerprint,
    /// The source's version it was made of.
    pub source_revision: Option<Revision>,
    /// The target's version it became.
    pub target_revision: Option<Revision>,
    /// How many runs in a row the source did not have it.
    pub absent_runs: u32,
    /// Digest of the settings it was rendered under (form, dialect, readers); another means: read again.
    pub shape: String,
    /// What the source called it, where that was another name.
    pub from: Option<SecretName>,
}

/// How deep a run looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One listing of each side.
    Listing,
    /// Also each key's current version.
    Metadata,
    /// Every value of both sides.
    Values,
}

impl Depth {
    /// The word used in configs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Metadata => "metadata",
            Self::Values => "values",
        }
    }
}

/// All that is decided by.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The source.
    pub source: &'a SourceSide,
    /// The target.
    pub target: &'a TargetSide,
    /// What we last wrote; `None` without a ledger: then two sides are compared, not three.
    pub baseline: Option<&'a Baseline>,
}

/// What the target's provider and this run's settings add to the policy.
#[derive(Debug, Clone)]
pub struct TargetRules {
    /// Whether a delete can be taken back.
    pub recoverable_deletes: bool,
    /// Whether softly deleted names can be brought back.
    pub restores: bool,
    /// Whether a key that the listing shows is taken for what it was until the next deep comparison.
    pub defers: bool,
    /// The id of the ledger's key: digests under another say nothing.
    pub key: KeyId,
    /// The settings digest of this run, as in [`BaselineEntry::shape`].
    pub shape: String,
    /// The job planned for.
    pub job: String,
    /// Keys whose block or quarantine is known and fine.
    pub accepted: Vec<SecretName>,
}
