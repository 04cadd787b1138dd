//! One name and all that is known of it; what both the reading and the deciding ask of it.

use super::plan::Remember;
use super::policy::Policy;
use super::side::{
    BaselineEntry, Depth, Owner, Sides, SourceContent, SourceKey, TargetContent, TargetKey, TargetRules,
};
use crate::model::{Action, Fingerprint, Reason, Revision, SecretName, State};

/// All that a run decides by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub sides: Sides<'a>,
    pub rules: &'a TargetRules,
    pub policy: &'a Policy,
    pub depth: Depth,
}

/// One name on all sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub given: Given<'a>,
    /// The name in the target.
    pub name: &'a SecretName,
    pub source: Option<&'a SourceKey>,
    pub target: Option<&'a TargetKey>,
    /// What this job last wrote here.
    pub entry: Option<&'a BaselineEntry>,
    /// Whose the target's key is by its mark, or by another job's record.
    pub owner: Owner,
}

/// What the target's value is now.
pub(super) enum Seen<'a> {
    /// What we last wrote.
    Remembered(&'a BaselineEntry),
    /// This, as it was read.
    Read(&'a Fingerprint),
    /// Something that no reader understands.
    Unreadable(&'a str),
    /// Not known: it was not read, and nothing proves what it is.
    Unknown,
}

impl<'a> Case<'a> {
    pub fn new(given: Given<'a>, name: &'a SecretName) -> Self {
        let Sides { source, target, baseline } = given.sides;
        let (source, target) = (source.keys.get(name), target.keys.get(name));
        let key = source.and_then(|source| source.target_key.as_ref()).or(target.map(|target| &target.key));
        // A record of another spelling (the prefix was changed) says nothing of the key that lies here now.
        let record = baseline
            .and_then(|baseline| baseline.entries.get(name))
            .filter(|entry| key.is_none_or(|key| *key == entry.key));
        let entry = record.filter(|entry| entry.job == given.rules.job);
        let owner = match (record, entry) {
            (Some(_), None) => Owner::Other,
            _ => target.map_or(Owner::Unmarked, |target| target.owner),
        };
        Self { given, name, source, target, entry, owner }
    }

    /// The name in the target that the source's key has by now from which this one was made; `None` where the source no
    /// longer has that key.
    pub fn moved_to(&self) -> Option<&'a SecretName> {
        let entry = self.entry?;
        self.given.sides.source.named(entry.from.as_ref().unwrap_or(self.name))
    }

    /// What we last wrote, where digests can be compared with its own: another key's say nothing of each other.
    pub fn remembered(&self) -> Option<&'a BaselineEntry> {
        self.entry.filter(|entry| *entry.fingerprint.key() == self.given.rules.key)
    }

    /// Whether the source's value is proved to be the one last written, without reading it.
    pub fn source_is_remembered(&self, source: &SourceKey) -> bool {
        self.remembered().is_some_and(|entry| {
            entry.shape == self.given.rules.shape && same(source.revision.as_ref(), entry.source_revision.as_ref())
        })
    }

    /// Whether the target's key has the very version that we wrote.
    pub fn target_is_untouched(&self, target: &TargetKey) -> bool {
        self.entry.is_some_and(|entry| same(target.revision.as_ref(), entry.target_revision.as_ref()))
    }

    /// Whether the target's value counts as the one last written, without reading it.
    ///
    /// A run that looks at listings alone takes a key without a version for what it was: present, and ours; so does any run
    /// short of a deep comparison where the target puts these off.
    pub fn target_is_remembered(&self, target: &TargetKey) -> bool {
        let at_its_word = match self.given.depth {
            Depth::Listing => true,
            Depth::Metadata => self.given.rules.defers,
            Depth::Values => false,
        };
        let listed = at_its_word && target.revision.is_none();
        self.remembered().is_some() && (listed || self.target_is_untouched(target))
    }

    /// The source's fingerprint: as it was read, or as it is remembered.
    pub fn source_fingerprint(&self) -> Option<&'a Fingerprint> {
        let source = self.source?;
        match &source.content {
            SourceContent::Fits(facts) => Some(&facts.fingerprint),
            SourceContent::Unread if self.source_is_remembered(source) => {
                self.remembered().map(|entry| &entry.fingerprint)
            }
            SourceContent::Unread | SourceContent::Blocked(..) | SourceContent::Quarantined(..) => None,
        }
    }

    /// What a live key of the target holds.
    pub fn seen(&self, target: &'a TargetKey) -> Seen<'a> {
        match (&target.content, self.remembered()) {
            (TargetContent::Read(fingerprint, _), Some(entry)) if *fingerprint == entry.fingerprint => {
                Seen::Remembered(entry)
            }
            (TargetContent::Read(fingerprint, _), _) => Seen::Read(fingerprint),
            (TargetContent::Unreadable(why), _) => Seen::Unreadable(why),
            (TargetContent::Unread, Some(entry)) if self.target_is_remembered(target) => Seen::Remembered(entry),
            (TargetContent::Unread | TargetContent::Denied(_) | TargetContent::Failed(_), _) => Seen::Unknown,
        }
    }

    /// The target's fingerprint, where it is known.
    pub fn target_fingerprint(&self) -> Option<&'a Fingerprint> {
        let target = self.target.filter(|target| target.state == State::Live)?;
        match self.seen(target) {
            Seen::Remembered(entry) => Some(&entry.fingerprint),
            Seen::Read(fingerprint) => Some(fingerprint),
            Seen::Unreadable(_) | Seen::Unknown => None,
        }
    }
}

/// Whether both versions are known and equal.
fn same(one: Option<&Revision>, other: Option<&Revision>) -> bool {
    one.is_some() && one == other
}

/// What becomes of one name, and why.
#[derive(Debug)]
pub(super) struct Verdict {
    pub action: Action,
    pub reason: Reason,
    pub detail: Option<String>,
    pub remember: Remember,
}

impl Verdict {
    pub fn new(action: Action, reason: Reason) -> Self {
        Self { action, reason, detail: None, remember: Remember::Nothing }
    }

    pub fn keep(reason: Reason, remember: Remember) -> Self {
        Self { remember, ..Self::new(Action::Keep, reason) }
    }

    pub fn block(reason: Reason) -> Self {
        Self::new(Action::Block, reason)
    }

    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The refusal of a target key that could not be looked at; denied or failed is never absent.
    pub fn of_refusal(target: &TargetKey) -> Option<Self> {
        match &target.content {
            TargetContent::Denied(why) => Some(Self::block(Reason::TargetDenied).saying(why)),
            TargetContent::Failed(why) => Some(Self::block(Reason::TargetFailed).saying(why)),
            TargetContent::Unread | TargetContent::Read(..) | TargetContent::Unreadable(_) => None,
        }
    }

    /// The refusal of a target key that should have been read and was not.
    pub fn unread_target() -> Self {
        Self::block(Reason::TargetFailed).saying("its value was not read in this run")
    }
}
