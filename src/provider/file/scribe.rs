//! Changes one file on behalf of everybody: whatever waits while the file is being replaced goes into the next replacement.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{Document, Found, TextFile, Unwritable, fault};
use crate::model::{ErrorKind, Family, SecretValue};
use crate::provider::call::{Caller, Repeat};
use crate::provider::contract::Expect;
use crate::provider::error::{Error, Result};

/// One change of one id.
#[derive(Debug, Clone)]
pub struct Change {
    /// The id in the file.
    pub id: String,
    /// The text to put there, as the format takes it; `None` takes the id away.
    pub value: Option<SecretValue>,
    /// What must be there.
    pub expect: Expect,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The file is as the change wants it.
    Done,
    /// The id was not as expected.
    Conflict,
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
    let edit = move || file.edit(|document| changes.iter().map(|change| change.make(document)).collect());
    match spawn_blocking(edit).await {
        Ok(edited) => edited.map_err(|error| fault::error(&store, "replace", &path, error)),
        Err(_) => {
            let context = "the thread that writes the file ended early";
            Err(Error::new(ErrorKind::Unexpected, "replace", &store, context).of_unknown_effect())
        }
    }
}

impl Change {
    fn make(&self, document: &mut dyn Document) -> Verdict {
        let found = document.find(&self.id);
        match &self.value {
            // Taking away what is not there succeeds, whatever was expected.
            None if found.is_none() => {}
            _ if !self.fits(found) => return Verdict::Conflict,
            Some(value) => {
                if let Err(unwritable) = document.put(&self.id, value.expose()) {
                    return Verdict::Unwritable(unwritable);
                }
            }
            None => document.remove(&self.id),
        }
        Verdict::Done
    }

    fn fits(&self, found: Option<Found<'_>>) -> bool {
        match (&self.expect, found) {
            (Expect::Anything, _) | (Expect::Absent, None) => true,
            (Expect::Holding(expected), Some(Found::Value(value))) => {
                value.as_bytes().ct_eq(expected.expose().as_bytes()).into()
            }
            _ => false,
        }
    }
}
