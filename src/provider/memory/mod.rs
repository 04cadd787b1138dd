//! A store in this process's memory: the reference for the contract, and what the engine's tests run against.
//!
//! [`MemoryProvider::shaped`] gives it the abilities of any real store. What the world does to a store beside us
//! (other writers, refusals, lost answers) is done through the methods of [`MemoryProvider`] that are not the contract's.

mod fault;
mod shape;
mod shelf;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::fault::Faults;
use self::shelf::Shelf;
use super::contract::{Content, Entry, Expect, Provider, Record, Role, StoreInfo, all_failed};
use super::error::{Error, Result};
use crate::model::{
    Capabilities, Dialect, Effect, ErrorKind, Family, Finding, Kind, Listed, Listing, Mark, MarkRule, RemoteKey,
    Revision, Revisions, Scope, Severity, State, has_double_braces,
};
use crate::naming::Rule;

pub use fault::When;
pub use shape::MemoryShape;

/// The kind of this store; no config can name it.
pub const KIND: &str = "memory";

/// A store in memory.
#[derive(Debug)]
pub struct MemoryProvider {
    info: StoreInfo,
    shape: MemoryShape,
    shelf: Mutex<Shelf>,
    faults: Mutex<Faults>,
    /// What listings show while they lag.
    lagging: Mutex<Option<Vec<Listed>>>,
}

impl MemoryProvider {
    /// Makes an empty store that can do everything.
    pub fn new(name: &str) -> Arc<Self> {
        Self::shaped(name, MemoryShape::default())
    }

    /// Makes an empty store with the abilities, names and readers of `shape`.
    pub fn shaped(name: &str, shape: MemoryShape) -> Arc<Self> {
        let info = StoreInfo {
            name: name.to_owned(),
            kind: KIND,
            location: "this process".to_owned(),
            identity: format!("{KIND} {name}"),
        };
        Arc::new(Self { info, shape, shelf: Mutex::default(), faults: Mutex::default(), lagging: Mutex::default() })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lagging(&self) -> MutexGuard<'_, Option<Vec<Listed>>> {
        self.lagging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, lets the world interfere, and gives the error that shall follow the effect, if one shall.
    async fn begin(&self, family: Family, keys: &[RemoteKey]) -> Result<Option<Error>> {
        // Real stores answer later than they are asked; without this, calls would never overlap.
        tokio::task::yield_now().await;
        let (meddlers, fault) = self.faults().begin(family, keys);
        for meddle in meddlers {
            meddle(self);
        }
        match fault {
            Some((When::Before, error)) => Err(error),
            Some((When::After, error)) => Ok(Some(error)),
            None => Ok(None),
        }
    }

    /// Runs one change: everything that can refuse it, the change itself, and the answer that may get lost.
    async fn change<T>(
        &self,
        family: Family,
        operation: &'static str,
        key: &RemoteKey,
        act: impl FnOnce(&mut Shelf, &Refusal<'_>) -> Result<T>,
    ) -> Result<T> {
        let lost = self.begin(family, std::slice::from_ref(key)).await.map_err(|error| error.about(key))?;
        let refusal = Refusal { store: &self.info.name, operation, key };
        if !self.shape.capabilities.write {
            return Err(refusal.because(ErrorKind::Unsupported, "the store cannot be written"));
        }
        if matches!(self.shelf().state(key), Some(State::Managed(_))) {
            return Err(refusal.because(ErrorKind::Denied, "the key belongs to a service of the store"));
        }
        let done = act(&mut self.shelf(), &refusal)?;
        match lost {
            Some(error) => Err(Error { effect: Effect::Unknown, ..error.about(key) }),
            None => Ok(done),
        }
    }

    /// Changes what is written beside a key's value, where `expect` still fits.
    async fn relabel(
        &self,
        operation: &'static str,
        key: &RemoteKey,
        expect: &Expect,
        act: impl FnOnce(&mut Shelf, &MarkRule),
    ) -> Result<Revision> {
        let Capabilities { compare, marks, .. } = &self.shape.capabilities;
        let relabelled = self.change(Family::Write, operation, key, |shelf, refusal| {
            let Some(rule) = marks else {
                return Err(refusal.because(ErrorKind::Unsupported, "the store has no place for marks"));
            };
            shelf.compare(*compare, key, expect).map_err(|found| refusal.because(ErrorKind::Conflict, found))?;
            let Some(revision) = shelf.record(key).and_then(|record| record.listed.revision) else {
                return Err(refusal.because(ErrorKind::Conflict, "the key is gone"));
            };
            act(shelf, rule);
            Ok(revision)
        });
        relabelled.await.map(|revision| self.revision(revision))
    }

    fn listed(&self, listed: Listed, revisions: &[Revisions]) -> Listed {
        let is_told = revisions.contains(&self.shape.capabilities.revisions);
        let (revision, changed) = (listed.revision.filter(|_| is_told), listed.changed.filter(|_| is_told));
        let mark = listed.mark.filter(|_| self.shape.capabilities.marks.is_some());
        Listed { revision, mark, changed, ..listed }
    }

    fn revision(&self, revision: Revision) -> Revision {
        match self.shape.capabilities.revisions {
            Revisions::Listing | Revisions::Stat | Revisions::Deferred => revision,
            Revisions::None => Revision::new(""),
        }
    }

    fn fits(&self, entry: &Entry, refusal: &Refusal<'_>) -> Result<()> {
        let limit = self.shape.capabilities.max_value.unwrap_or(usize::MAX);
        if entry.value.expose().len() > limit {
            return Err(refusal.because(ErrorKind::TooLarge, format!("the limit is {limit} bytes")));
        }
        if entry.value.is_empty() && !self.shape.capabilities.empty_values {
            return Err(refusal.because(ErrorKind::Invalid, "the store takes no empty value"));
        }
        if has_double_braces(entry.value.expose()) && !self.shape.capabilities.double_braces {
            return Err(refusal.because(ErrorKind::Invalid, "the store takes no value with {{…}}"));
        }
        Ok(())
    }

    fn read_one(&self, key: &RemoteKey) -> Result<Option<Record>> {
        if self.faults().denies(key) {
            let error = Error::new(ErrorKind::Denied, "read", &self.info.name, "the key was denied").about(key);
            return Err(error.with_remedy("allow the key again"));
        }
        let found = self.shelf().record(key);
        let seen = [Revisions::Listing, Revisions::Stat, Revisions::Deferred];
        Ok(found.map(|record| Record { listed: self.listed(record.listed, &seen), ..record }))
    }

    fn batch_fits(&self, operation: &'static str, keys: &[RemoteKey]) -> Result<()> {
        let limit = self.shape.capabilities.read_batch;
        if keys.len() <= limit {
            return Ok(());
        }
        let context = format!("{} keys in a batch of at most {limit}", keys.len());
        Err(Error::new(ErrorKind::Invalid, operation, &self.info.name, context))
    }
}

/// What a change is refused with.
struct Refusal<'a> {
    store: &'a str,
    operation: &'static str,
    key: &'a RemoteKey,
}

impl Refusal<'_> {
    fn because(&self, kind: ErrorKind, context: impl Into<String>) -> Error {
        Error::new(kind, self.operation, self.store, context).about(self.key)
    }
}

#[async_trait]
impl Provider for MemoryProvider {
    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn capabilities(&self) -> &Capabilities {
        &self.shape.capabilities
    }

    fn rule(&self) -> &Rule {
        &self.shape.rule
    }

    fn dialect(&self) -> &Dialect {
        &self.shape.dialect
    }

    async fn check(&self, _: Role, _: &[Kind]) -> Vec<Finding> {
        match self.begin(Family::Auth, &[]).await {
            Ok(None) => Vec::new(),
            Ok(Some(error)) | Err(error) => {
                vec![Finding::new(Severity::Error, "unreachable", &self.info.name, error.to_string())]
            }
        }
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        if let Some(error) = self.begin(Family::List, &[]).await? {
            return Err(error);
        }
        if self.shape.capabilities.listing == Listing::Exact {
            return Err(Error::new(ErrorKind::Denied, "list", &self.info.name, "the rights do not allow listing"));
        }
        let listing = self.lagging().clone().unwrap_or_else(|| self.shelf().list());
        let within = listing.into_iter().filter(|listed| self.shape.holds(scope, &listed.key));
        Ok(within.map(|listed| self.listed(listed, &[Revisions::Listing])).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let begun = self.begin(Family::Stat, keys).await.and_then(|lost| lost.map_or(Ok(()), Err));
        if let Err(error) = begun.and_then(|()| self.batch_fits("stat", keys)) {
            return all_failed(keys, &error);
        }
        let shelf = self.shelf();
        let stat = |key| shelf.record(key).map(|record| record.listed);
        let seen = [Revisions::Listing, Revisions::Stat, Revisions::Deferred];
        keys.iter().map(|key| Ok(stat(key).map(|listed| self.listed(listed, &seen)))).collect()
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let begun = self.begin(Family::Read, keys).await.and_then(|lost| lost.map_or(Ok(()), Err));
        if let Err(error) = begun.and_then(|()| self.batch_fits("read", keys)) {
            return all_failed(keys, &error);
        }
        keys.iter().map(|key| self.read_one(key)).collect()
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        let compare = self.shape.capabilities.compare;
        let written = self.change(Family::Write, "write", key, |shelf, refusal| {
            self.fits(entry, refusal)?;
            shelf.compare(compare, key, expect).map_err(|found| refusal.because(ErrorKind::Conflict, found))?;
            if let (Some(mark), Some(rule)) = (&entry.mark, &self.shape.capabilities.marks) {
                shelf.tag(key, mark.pairs(rule));
            }
            Ok(shelf.put(key, Content::Value(entry.value.clone())))
        });
        written.await.map(|revision| self.revision(revision))
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.relabel("claim", key, expect, |shelf, rule| shelf.tag(key, mark.pairs(rule))).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.relabel("release", key, expect, |shelf, rule| shelf.untag(key, &mark.pairs(rule))).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let capabilities = &self.shape.capabilities;
        let left = self.change(Family::Delete, "delete", key, |shelf, refusal| {
            if shelf.state(key).is_none() {
                return Ok(None);
            }
            let compared = shelf.compare(capabilities.compare, key, expect);
            compared.map_err(|found| refusal.because(ErrorKind::Conflict, found))?;
            Ok(shelf.delete(key, capabilities.deletes))
        });
        Ok(left.await?.map(|revision| self.revision(revision)))
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let keys: Vec<_> = versions.iter().map(|(key, _)| key.clone()).collect();
        let begun = self.begin(Family::Stat, &keys).await.and_then(|lost| lost.map_or(Ok(()), Err));
        if let Err(error) = begun.and_then(|()| self.batch_fits("stat", &keys)) {
            return all_failed(&keys, &error);
        }
        let kept = |(key, revision): &_| self.shape.capabilities.history && self.shelf().keeps(key, revision);
        versions.iter().map(|version| Ok(kept(version))).collect()
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        let capabilities = &self.shape.capabilities;
        self.change(Family::Write, "restore", key, |shelf, refusal| {
            if !capabilities.history {
                return Err(refusal.because(ErrorKind::Unsupported, "the store keeps no history"));
            }
            let compared = shelf.compare(capabilities.compare, key, expect);
            compared.map_err(|found| refusal.because(ErrorKind::Conflict, found))?;
            let restored = shelf.restore(key, revision);
            restored.ok_or_else(|| refusal.because(ErrorKind::Invalid, "the key has no such version"))
        })
        .await
    }
}
