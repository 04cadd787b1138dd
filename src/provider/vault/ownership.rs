//! Our marks in custom metadata: written before a key's first version, kept beside other people's pairs, taken back from keys
//! that turn out not to be ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::kv2::Kv2;
use super::version::{Custom, Seen, find_mark};
use crate::model::{ErrorKind, Event, Finding, Mark, MarkCharset, MarkRule, Observer, RemoteKey, Severity, State};
use crate::provider::{Error, Result};

/// What custom metadata can hold.
pub(super) const MARKS: MarkRule = MarkRule { max_value: 512, charset: MarkCharset::Any };

/// Whether this store lets us write marks, as far as it has shown.
pub(super) struct Ownership {
    observer: Arc<dyn Observer>,
    refused: AtomicBool,
}

/// What a key's mark was before a write.
pub(super) enum Before {
    /// No mark is to be written, or none may be.
    Untouched,
    /// There was no such name.
    Absent,
    /// There was an empty name with these pairs.
    Empty(Custom),
}

impl Ownership {
    /// Nothing refused yet; `observer` hears of a refusal once.
    pub fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, refused: AtomicBool::new(false) }
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    fn refuse(&self, store: &str, error: &Error) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            let message = "ownership marks cannot be written to custom metadata; keys are written without them";
            self.warn("marks-refused", store.to_owned(), message, error);
        }
    }

    /// Tells of a key whose value was written but whose mark was not.
    pub fn missed(&self, store: &str, key: &RemoteKey, error: &Error) {
        self.warn("mark-missed", format!("{store} {key}"), "the value is written, its ownership mark is not", error);
    }

    fn left_behind(&self, store: &str, key: &RemoteKey, error: &Error) {
        let message = "somebody else created this key just now, and our mark could not be taken off it again";
        self.warn("mark-left", format!("{store} {key}"), message, error);
    }

    fn warn(&self, code: &'static str, subject: String, message: &str, error: &Error) {
        let finding = Finding::new(Severity::Warning, code, subject, format!("{message}: {error}"));
        self.observer.observe(&Event::Found(match &error.remedy {
            Some(remedy) => finding.with_remedy(remedy),
            None => finding,
        }));
    }
}

impl std::fmt::Debug for Ownership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ownership").field("refused", &self.is_refused()).finish_non_exhaustive()
    }
}

impl Kv2 {
    /// Marks a name that shall get its first version, or refuses with `Conflict` where there is one already.
    ///
    /// The look before costs a call, and is what keeps us from replacing the custom metadata of a key that somebody made
    /// since it was planned: `metadata/` has no create-only write.
    pub(super) async fn mark_new(&self, key: &RemoteKey, mark: &Mark) -> Result<Before> {
        if self.ownership.is_refused() {
            return Ok(Before::Untouched);
        }
        let seen = match self.metadata(key).await {
            Err(error) => return self.unmarked(error).map(|()| Before::Untouched),
            Ok(seen) => seen,
        };
        let (before, written) = match seen {
            None => (Before::Absent, self.set_custom(key, &pairs(mark).collect()).await),
            Some(seen) if seen.state == State::Empty => {
                let written = self.mark_over(key, mark, &seen.custom).await;
                (Before::Empty(seen.custom), written)
            }
            Some(_) => return Err(self.conflict(key, "write", "the key is there already")),
        };
        match written {
            Ok(()) => Ok(before),
            Err(error) => self.unmarked(error).map(|()| Before::Untouched),
        }
    }

    /// Takes the mark back from a name that somebody else gave its first version meanwhile.
    pub(super) async fn unmark(&self, key: &RemoteKey, mark: &Mark, before: &Before) {
        let own: Vec<_> = match before {
            Before::Untouched => return,
            Before::Absent => pairs(mark).map(|(key, _)| (key, None)).collect(),
            Before::Empty(custom) => pairs(mark).map(|(key, _)| (key.clone(), custom.get(&key).cloned())).collect(),
        };
        let seen = self.metadata(key).await;
        let is_theirs = matches!(seen, Ok(Some(seen)) if seen.mark().as_ref() == Some(mark) && seen.current > 0);
        if is_theirs && let Err(error) = self.merge(key, own).await {
            self.ownership.left_behind(self.requests.store(), key, &error);
        }
    }

    /// Puts the mark on a key that has versions, unless it carries it already. What it must not do is only warned of.
    pub(super) async fn mark_existing(&self, key: &RemoteKey, mark: &Mark, custom: &Custom) -> Result<()> {
        if find_mark(custom).as_ref() == Some(mark) || self.ownership.is_refused() {
            return Ok(());
        }
        self.mark_over(key, mark, custom).await.or_else(|error| self.unmarked(error))
    }

    /// Takes the mark off a key that carries exactly it.
    pub(super) async fn unmark_existing(&self, key: &RemoteKey, mark: &Mark, custom: &Custom) -> Result<()> {
        if !pairs(mark).all(|(key, value)| custom.get(&key) == Some(&value)) {
            return Ok(());
        }
        self.merge(key, pairs(mark).map(|(key, _)| (key, None)).collect()).await
    }

    // Pairs of an older mark of another spelling go; everybody else's stay.
    async fn mark_over(&self, key: &RemoteKey, mark: &Mark, custom: &Custom) -> Result<()> {
        let stale = custom.keys().filter(|key| Mark::owns_key(key)).map(|key| (key.clone(), None));
        let mut merged: std::collections::BTreeMap<_, _> = stale.collect();
        merged.extend(pairs(mark).map(|(key, value)| (key, Some(value))));
        self.merge(key, merged.into_iter().collect()).await
    }

    // Where policies lack `patch`, or Vault is older than it, the pairs are read and written whole.
    async fn merge(&self, key: &RemoteKey, changes: Vec<(String, Option<String>)>) -> Result<()> {
        match self.merge_custom(key, &changes).await {
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported) => {}
            answer => return answer,
        }
        let mut custom = self.metadata(key).await?.map(|seen: Seen| seen.custom).unwrap_or_default();
        for (key, value) in changes {
            match value {
                Some(value) => custom.insert(key, value),
                None => custom.remove(&key),
            };
        }
        self.set_custom(key, &custom).await
    }

    fn unmarked(&self, error: Error) -> Result<()> {
        if error.kind != ErrorKind::Denied {
            return Err(error);
        }
        self.ownership.refuse(self.requests.store(), &error);
        Ok(())
    }
}

fn pairs(mark: &Mark) -> impl Iterator<Item = (String, String)> {
    mark.pairs(&MARKS).into_iter()
}
