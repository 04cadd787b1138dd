//! Changes one file on behalf of everybody: whatever waits while the file is being replaced goes into the next replacement.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{Document, Found, History, TextFile, Unwritable, fault};
use crate::model::{ErrorKind, Family, Revision, SecretValue};
use crate::provider::call::{Caller, Repeat};
use crate::provider::contract::Expect;
use crate::provider::error::{Error, Result};

/// One change of one id.
#[derive(Debug, Clone)]
pub struct Change {
    /// The id in the file.
    pub id: String,
    /// What it shall hold.
    pub wanted: Wanted,
    /// What must be there.
    pub expect: Expect,
}

/// What an id shall hold.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// This text, as the format takes it.
    Text(SecretValue),
    /// What it held at this version.
    Back(Revision),
    /// Nothing: it is taken away.
    Nothing,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The file is as the change wants it; the entry's version, where there are any.
    Done(Option<Revision>),
    /// The id was not as expected.
    Conflict,
    /// The version to go back to is gone.
    Lost,
    /// The format cannot hold it.
    Unwritable(Unwritable),
}

/// Takes changes for one file; its clones write the same file.
#[derive(Debug, Clone)]
pub struct Scribe {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
struct Order {
    change: Change,
    reply: oneshot::Sender<Result<Verdict>>,
}

impl Scribe {
    /// Starts the task that writes; it ends when the last clone is dropped.
    pub fn start(store: &str, file: TextFile, caller: Caller) -> Self {
        let (orders, waiting) = mpsc::unbounded_channel();
        tokio::spawn(write_down(Arc::from(store), file, caller, waiting));
        Self { orders }
    }

    /// Makes one change and waits until it is on the disk; `None` if the task is gone, whose effect nobody knows.
    pub async fn change(&self, change: Change) -> Option<Result<Verdict>> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order { change, reply }).ok()?;
        answer.await.ok()
    }
}

async fn write_down(store: Arc<str>, file: TextFile, caller: Caller, mut waiting: mpsc::UnboundedReceiver<Order>) {
    while let Some(first) = waiting.recv().await {
        let mut orders = vec![first];
        while let Ok(next) = waiting.try_recv() {
            orders.push(next);
        }
        // Who gave up before the work began is not surprised by it later.
        orders.retain(|order| !order.reply.is_closed());
        let (changes, replies): (Vec<_>, Vec<_>) = orders.into_iter().map(|order| (order.change, order.reply)).unzip();
        let changes = Arc::<[Change]>::from(changes);
        let request = || replace(Arc::clone(&store), file.clone(), Arc::clone(&changes));
        match caller.call(Family::Write, "replace", Repeat::Never, request).await {
            Ok(verdicts) => {
                replies.into_iter().zip(verdicts).for_each(|(reply, verdict)| drop(reply.send(Ok(verdict))))
            }
            Err(error) => replies.into_iter().for_each(|reply| drop(reply.send(Err(error.clone())))),
        }
    }
}

async fn replace(store: Arc<str>, file: TextFile, changes: Arc<[Change]>) -> Result<Vec<Verdict>> {
    let path = file.path().to_owned();
    let edit = move || {
        file.edit(|document, mut history| {
            changes.iter().map(|change| change.make(document, history.as_deref_mut())).collect()
        })
    };
    match spawn_blocking(edit).await {
        Ok(edited) => edited.map_err(|error| fault::error(&store, "replace", &path, error)),
        Err(_) => {
            let context = "the thread that writes the file ended early";
            Err(Error::new(ErrorKind::Unexpected, "replace", &store, context).of_unknown_effect())
        }
    }
}

impl Change {
    /// Makes the change, and keeps in the history what it replaces.
    pub(super) fn make(&self, document: &mut dyn Document, history: Option<&mut History>) -> Verdict {
        let found = document.find(&self.id);
        // Taking away what is not there succeeds, whatever was expected.
        if found.is_none() && matches!(self.wanted, Wanted::Nothing) {
            return Verdict::Done(None);
        }
        if !self.fits(found.as_ref(), history.as_deref()) {
            return Verdict::Conflict;
        }
        let text = match &self.wanted {
            Wanted::Text(text) => Some(text.clone()),
            Wanted::Nothing => None,
            Wanted::Back(revision) => match self.earlier(revision, found.as_ref(), history.as_deref()) {
                Some(text) => Some(text),
                None => return Verdict::Lost,
            },
        };
        let versions = history.as_deref().map(|history| history.versions().clone());
        if let (Some(history), Some(Found::Value(text))) = (history, found) {
            history.remember(&self.id, &text.into());
        }
        match text {
            None => document.remove(&self.id),
            Some(text) => {
                if let Err(unwritable) = document.put(&self.id, text.expose()) {
                    return Verdict::Unwritable(unwritable);
                }
            }
        }
        Verdict::Done(versions.and_then(|versions| Some(versions.of(&self.id, &document.find(&self.id)?))))
    }

    /// What the id held at a version, the one it has now among them.
    fn earlier(
        &self,
        revision: &Revision,
        found: Option<&Found<'_>>,
        history: Option<&History>,
    ) -> Option<SecretValue> {
        let history = history?;
        match found {
            Some(Found::Value(text)) if history.versions().of(&self.id, &Found::Value(text)) == *revision => {
                Some((*text).into())
            }
            _ => history.recall(&self.id, revision).cloned(),
        }
    }

    fn fits(&self, found: Option<&Found<'_>>, history: Option<&History>) -> bool {
        match (&self.expect, found) {
            (Expect::Anything, _) | (Expect::Absent, None) => true,
            (Expect::Holding(expected), Some(Found::Value(value))) => {
                value.as_bytes().ct_eq(expected.expose().as_bytes()).into()
            }
            (Expect::At(revision), Some(found)) => {
                history.is_some_and(|history| history.versions().of(&self.id, found) == *revision)
            }
            _ => false,
        }
    }
}
