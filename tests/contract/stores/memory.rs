//! Stores in memory, in the shapes of the real ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{Compare, Deletes, ErrorKind, Family, RemoteKey, Revisions, State, TextDialect};
use secretferry::provider::Quarantine;
use secretferry::provider::memory::{MemoryProvider, MemoryShape, When};

use crate::fakes::fault::Fault;
use crate::ground::{Ground, Site, World};

/// The name of a shape, and how it differs from a store that can do everything.
pub type Shape = (&'static str, fn(&mut MemoryShape));

/// The shapes, each standing for a real store.
pub const SHAPES: &[Shape] = &[
    ("everything", |_| {}),
    ("like Vault KV v2", |shape| {
        shape.capabilities.revisions = Revisions::Stat;
        shape.capabilities.read_batch = 1;
        shape.dialect.text = TextDialect::ValueKey;
    }),
    ("like Vault KV v1", |shape| {
        shape.capabilities.revisions = Revisions::None;
        shape.capabilities.compare = Compare::None;
        shape.capabilities.deletes = Deletes::Final;
        shape.capabilities.history = false;
        shape.capabilities.marks = None;
    }),
    ("like Parameter Store", |shape| {
        shape.capabilities.compare = Compare::Create;
        shape.capabilities.deletes = Deletes::Total;
        shape.capabilities.max_value = Some(4096);
        shape.capabilities.double_braces = false;
        shape.capabilities.empty_values = false;
    }),
    ("like files", |shape| {
        shape.capabilities.revisions = Revisions::None;
        shape.capabilities.deletes = Deletes::Final;
        shape.capabilities.history = false;
        shape.capabilities.marks = None;
    }),
];

/// Where stores in memory of one shape come from.
pub struct MemoryGround(&'static Shape);

impl MemoryGround {
    /// Takes one of [`SHAPES`].
    pub fn new(shape: &'static Shape) -> Self {
        Self(shape)
    }

    /// The shape itself.
    pub fn shape(&self) -> MemoryShape {
        let mut shape = MemoryShape::default();
        (self.0.1)(&mut shape);
        shape
    }
}

#[async_trait]
impl Ground for MemoryGround {
    fn name(&self) -> String {
        format!("memory, {}", self.0.0)
    }

    async fn empty(&self) -> Site {
        let memory = MemoryProvider::shaped("shelf", self.shape());
        Site::new(memory.clone(), MemoryWorld(memory))
    }
}

/// The world around a store in memory: everything can be done.
pub struct MemoryWorld(pub Arc<MemoryProvider>);

#[async_trait]
impl World for MemoryWorld {
    async fn deny(&self, key: &RemoteKey) -> Option<()> {
        self.0.deny(key.as_str());
        Some(())
    }

    async fn tag(&self, key: &RemoteKey, name: &str, value: &str) -> Option<()> {
        self.0.tag(key.as_str(), name, value);
        Some(())
    }

    async fn tags(&self, key: &RemoteKey) -> Option<BTreeMap<String, String>> {
        Some(self.0.tags(key.as_str()))
    }

    async fn set_state(&self, key: &RemoteKey, state: State) -> Option<()> {
        self.0.set_state(key.as_str(), state);
        Some(())
    }

    async fn fail_next(&self, family: Family) -> Option<()> {
        self.0.fail(family, 1, When::Before, ErrorKind::Unavailable);
        Some(())
    }

    async fn lose_next(&self, family: Family) -> Option<()> {
        self.0.fail(family, 1, When::After, ErrorKind::Unavailable);
        Some(())
    }

    // It has no connections and no pages: what is torn or goes in circles there is a listing that breaks off here.
    async fn cause(&self, family: Family, fault: Fault) -> Option<()> {
        let changes = matches!(family, Family::Write | Family::Delete);
        let when = if changes && Fault::OF_UNKNOWN_EFFECT.contains(&fault) { When::After } else { When::Before };
        match fault {
            Fault::Throttled | Fault::Overloaded => self.0.fail(family, 1, when, ErrorKind::RateLimited),
            Fault::Torn | Fault::Circular if family == Family::List => self.0.cut_listing(),
            _ => self.0.fail(family, 1, when, ErrorKind::Unavailable),
        }
        Some(())
    }

    async fn seal(&self, key: &RemoteKey) -> Option<()> {
        self.0.put_quarantined(key.as_str(), Quarantine::Undecryptable("value".into()));
        Some(())
    }
}
