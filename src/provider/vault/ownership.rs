//! Our marks in custom metadata: merged into a key whose version is ours, beside other people's pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::kv2::Kv2;
use super::version::{Custom, Seen, find_mark};
use crate::model::{ErrorKind, Event, Finding, Mark, MarkCharset, MarkRule, Observer, RemoteKey, Severity};
use crate::provider::{Error, Result};

/// What custom metadata can hold.
pub(super) const MARKS: MarkRule = MarkRule { max_value: 512, charset: MarkCharset::Any };

/// Whether this store lets us write marks, as far as it has shown.
pub(super) struct Ownership {
    observer: Arc<dyn Observer>,
    refused: AtomicBool,
    unmergeable: AtomicBool,
}

impl Ownership {
    /// Nothing refused yet; `observer` hears of a refusal once.
    pub fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, refused: AtomicBool::new(false), unmergeable: AtomicBool::new(false) }
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
        if !self.ownership.unmergeable.load(Ordering::Relaxed) {
            match self.merge_custom(key, &changes).await {
                Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported) => {
                    self.ownership.unmergeable.store(true, Ordering::Relaxed);
                }
                answer => return answer,
            }
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
