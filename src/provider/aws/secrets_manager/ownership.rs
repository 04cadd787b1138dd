//! Our marks in a secret's tags, beside other people's.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::SecretsManagerProvider;
use crate::model::{
    ErrorKind, Event, Finding, Listed, Mark, MarkCharset, MarkRule, Observer, RemoteKey, Revision, Severity,
};
use crate::provider::{Error, Expect, Result};

/// What tags can hold.
pub(super) const MARKS: MarkRule = MarkRule { max_value: 256, charset: MarkCharset::AwsTag };

/// Whether this store lets us tag, as far as it has shown, and which marks are there already.
pub(super) struct Ownership {
    store: String,
    observer: Arc<dyn Observer>,
    refused: AtomicBool,
    /// What the look just before a change found, so that an update need not tag what is tagged; taken out by the change.
    found: Mutex<HashMap<RemoteKey, Mark>>,
}

impl Ownership {
    /// Nothing refused yet; `observer` hears of a refusal once.
    pub fn new(store: &str, observer: Arc<dyn Observer>) -> Self {
        Self { store: store.to_owned(), observer, refused: AtomicBool::new(false), found: Mutex::default() }
    }

    /// The tags of a mark; none where we may not tag.
    pub fn tags(&self, mark: Option<&Mark>) -> Vec<(String, String)> {
        mark.filter(|_| !self.is_refused()).map(|mark| mark.pairs(&MARKS)).unwrap_or_default()
    }

    /// Notes what a look has shown.
    pub fn note(&self, listed: &Listed) {
        if let Some(mark) = &listed.mark {
            self.found().insert(listed.key.clone(), mark.clone());
        }
    }

    /// Tells of the first secret that we were not let tag.
    pub fn refuse(&self, error: &Error) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            let message = "ownership marks cannot be written to tags; keys are written without them";
            self.warn("marks-refused", self.store.clone(), message, error);
        }
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    fn takes(&self, key: &RemoteKey) -> Option<Mark> {
        self.found().remove(key)
    }

    fn found(&self) -> std::sync::MutexGuard<'_, HashMap<RemoteKey, Mark>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missed(&self, key: &RemoteKey, error: &Error) {
        let subject = format!("{} {key}", self.store);
        self.warn("mark-missed", subject, "the value is written, its ownership mark is not", error);
    }

    fn warn(&self, code: &'static str, subject: String, message: &str, error: &Error) {
        let finding = Finding::new(Severity::Warning, code, subject, format!("{message}: {error}"));
        let remedy = error.remedy.as_deref().unwrap_or("grant secretsmanager:TagResource on the secrets");
        self.observer.observe(&Event::Found(finding.with_remedy(remedy)));
    }
}

impl SecretsManagerProvider {
    /// Marks a secret whose value is written, unless it carries the mark already. What fails is only warned of.
    pub(super) async fn mark_written(&self, key: &RemoteKey, mark: &Mark) {
        let found = self.ownership.takes(key);
        if found.as_ref() == Some(mark) || self.ownership.is_refused() {
            return;
        }
        match self.retag(key, found, mark).await {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Denied => self.ownership.refuse(&error),
            Err(error) => self.ownership.missed(key, &error),
        }
    }

    /// Puts the mark on a secret that is as `expect` says.
    pub(super) async fn put_mark(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let revision = match expect {
            Expect::At(revision) => revision.clone(),
            _ => self.look(key).await?.and_then(|listed| listed.revision).ok_or_else(|| self.gone("claim", key))?,
        };
        let found = self.ownership.takes(key);
        self.retag(key, found, mark).await?;
        Ok(revision)
    }

    /// A mark of another name may be spelled under another key, which would stay beside ours.
    async fn retag(&self, key: &RemoteKey, found: Option<Mark>, mark: &Mark) -> Result<()> {
        let tags = mark.pairs(&MARKS);
        let found = found.map(|found| found.pairs(&MARKS)).unwrap_or_default();
        let is_ours = |tag: &String| tags.iter().any(|(ours, _)| ours == tag);
        let stale: Vec<String> = found.into_iter().map(|(tag, _)| tag).filter(|tag| !is_ours(tag)).collect();
        if !stale.is_empty() {
            self.client.untag(key, &stale).await?.ok_or_else(|| self.gone("claim", key))?;
        }
        self.client.tag(key, &tags).await?.ok_or_else(|| self.gone("claim", key))
    }

    /// Takes the mark off a secret that carries exactly it.
    pub(super) async fn take_mark(&self, key: &RemoteKey, mark: &Mark) -> Result<Revision> {
        let listed = self.look(key).await?.ok_or_else(|| self.gone("release", key))?;
        if listed.mark.as_ref() == Some(mark) {
            let tags: Vec<String> = mark.pairs(&MARKS).into_iter().map(|(key, _)| key).collect();
            self.client.untag(key, &tags).await?.ok_or_else(|| self.gone("release", key))?;
        }
        listed.revision.ok_or_else(|| self.gone("release", key))
    }
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership").field("refused", &self.is_refused()).finish_non_exhaustive()
    }
}
