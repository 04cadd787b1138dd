//! Our marks in a secret's annotations, beside other people's.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::SecretManagerProvider;
use super::answer::Seen;
use crate::model::{
    ErrorKind, Event, Finding, Listed, Mark, MarkCharset, MarkRule, Observer, RemoteKey, Revision, Severity,
};
use crate::provider::{Error, Expect, Result};

/// What annotations can hold: any text, 16 KiB of it in all.
pub(super) const MARKS: MarkRule = MarkRule { max_value: 1_024, charset: MarkCharset::Any };
/// What people can filter our secrets by: labels are lower-case and short, so the mark itself does not fit there.
pub(super) const LABELS: [(&str, &str); 1] = [("managed-by", "secretferry")];
/// How often annotations that somebody else changes at the same time are read and written anew.
const ROUNDS: usize = 4;

/// Whether this store lets us annotate, as far as it has shown, and which marks are there already.
pub(super) struct Ownership {
    store: String,
    observer: Arc<dyn Observer>,
    refused: AtomicBool,
    /// What the look just before a change found, so that an update need not mark what is marked; taken out by the change.
    found: Mutex<HashMap<RemoteKey, Mark>>,
}

impl Ownership {
    /// Nothing refused yet; `observer` hears of a refusal once.
    pub fn new(store: &str, observer: Arc<dyn Observer>) -> Self {
        Self { store: store.to_owned(), observer, refused: AtomicBool::new(false), found: Mutex::default() }
    }

    /// The annotations of a mark.
    pub fn annotations(&self, mark: Option<&Mark>) -> Vec<(String, String)> {
        mark.map(|mark| mark.pairs(&MARKS)).unwrap_or_default()
    }

    /// Notes what a look has shown.
    pub fn note(&self, listed: &Listed) {
        if let Some(mark) = &listed.mark {
            self.found().insert(listed.key.clone(), mark.clone());
        }
    }

    /// The mark that the look before a change found.
    pub fn take(&self, key: &RemoteKey) -> Option<Mark> {
        self.found().remove(key)
    }

    fn found(&self) -> std::sync::MutexGuard<'_, HashMap<RemoteKey, Mark>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, error: &Error) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            let message = "ownership marks cannot be written to annotations; keys are written without them";
            self.warn("marks-refused", self.store.clone(), message, error);
        }
    }

    fn missed(&self, key: &RemoteKey, error: &Error) {
        let subject = format!("{} {key}", self.store);
        self.warn("mark-missed", subject, "the value is written, its ownership mark is not", error);
    }

    fn warn(&self, code: &'static str, subject: String, message: &str, error: &Error) {
        let finding = Finding::new(Severity::Warning, code, subject, format!("{message}: {error}"));
        let remedy = error.remedy.as_deref().unwrap_or("grant secretmanager.secrets.update on the secrets");
        self.observer.observe(&Event::Found(finding.with_remedy(remedy)));
    }
}

impl SecretManagerProvider {
    /// Marks a secret whose value is written, unless it was found to carry the mark already. What fails is only warned of.
    pub(super) async fn mark_written(&self, key: &RemoteKey, found: Option<&Mark>, mark: &Mark) {
        if found == Some(mark) || self.ownership.refused.load(Ordering::Relaxed) {
            return;
        }
        match self.annotate("mark", key, |seen| marked(seen, mark)).await {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Denied => self.ownership.refuse(&error),
            Err(error) => self.ownership.missed(key, &error),
        }
    }

    /// Puts the mark on a secret that is as `expect` says.
    pub(super) async fn put_mark(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let found = self.ownership.take(key);
        if found.as_ref() != Some(mark) {
            self.annotate("claim", key, |seen| marked(seen, mark)).await?;
        }
        self.revision_after("claim", key, expect).await
    }

    /// Takes the mark off a secret that carries exactly it.
    pub(super) async fn take_mark(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let unmarked = |seen: &Seen| {
            let ours = seen.mark().as_ref() == Some(mark);
            ours.then(|| foreign(seen))
        };
        self.annotate("release", key, unmarked).await?;
        self.revision_after("release", key, expect).await
    }

    async fn revision_after(&self, operation: &'static str, key: &RemoteKey, expect: &Expect) -> Result<Revision> {
        if let Expect::At(revision) = expect {
            return Ok(revision.clone());
        }
        let listed = self.look(key).await.map_err(Error::of_unknown_effect)?;
        listed.and_then(|listed| listed.revision).ok_or_else(|| self.gone(operation, key))
    }

    /// Gives a secret the annotations that `wanted` makes of those it has, if any; anew where somebody else was quicker.
    async fn annotate(
        &self,
        operation: &'static str,
        key: &RemoteKey,
        wanted: impl Fn(&Seen) -> Option<BTreeMap<String, String>>,
    ) -> Result<()> {
        let mut round = 0;
        loop {
            round += 1;
            let seen = self.client.look(key).await?.ok_or_else(|| self.gone(operation, key))?;
            let Some(annotations) = wanted(&seen) else { return Ok(()) };
            match self.client.annotate(operation, key, annotations, &seen.etag).await {
                Ok(answer) => return answer.ok_or_else(|| self.gone(operation, key)),
                Err(error) if error.kind == ErrorKind::Conflict && round < ROUNDS => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn marked(seen: &Seen, mark: &Mark) -> Option<BTreeMap<String, String>> {
    if seen.mark().as_ref() == Some(mark) {
        return None;
    }
    let mut annotations = foreign(seen);
    annotations.extend(mark.pairs(&MARKS));
    Some(annotations)
}

/// What others keep beside a secret.
fn foreign(seen: &Seen) -> BTreeMap<String, String> {
    let own = |key: &String| Mark::owns_key(key);
    seen.annotations.iter().filter(|(key, _)| !own(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership").field("refused", &self.refused).finish_non_exhaustive()
    }
}
