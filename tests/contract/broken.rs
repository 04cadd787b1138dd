//! Stores with one planted defect each: the proof that the suite can fail.

use std::sync::Arc;

use async_trait::async_trait;
use secretferry::model::{
    Capabilities, Compare, Dialect, Effect, ErrorKind, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope, State,
};
use secretferry::naming::Rule;
use secretferry::provider::memory::{MemoryProvider, MemoryShape};
use secretferry::provider::{Content, Entry, Error, Expect, Provider, Record, Result, Role, StoreInfo};

use crate::ground::{Ground, Site};
use crate::stores::memory::MemoryWorld;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    DeniedIsAbsent,
    IgnoresExpect,
    ShortListing,
    BrokenListingIsEmpty,
    WrongOrder,
    FaultSpoilsBatch,
    TrimsValues,
    OneRevision,
    ForgetsTags,
    ClaimRewrites,
    ReleasesAnyMark,
    KeepsAnything,
    DeletesForGood,
    HidesDeleted,
    AlwaysWithoutEffect,
    TalksOfValues,
    NoExpectLayer,
    SealedIsAbsent,
    AlwaysOfUnknownEffect,
}

/// Every defect, and the case that must find it.
pub const BROKEN: &[(Defect, &str)] = &[
    (Defect::DeniedIsAbsent, "a refused key is denied, never absent"),
    (Defect::IgnoresExpect, "a create meets a key that is there: conflict"),
    (Defect::IgnoresExpect, "an update meets another revision: conflict"),
    (Defect::IgnoresExpect, "a delete meets another state: conflict, and the key stays"),
    (Defect::IgnoresExpect, "a claim under a wrong expectation is refused"),
    (Defect::IgnoresExpect, "of many updates at once exactly one wins"),
    (Defect::ShortListing, "a listing has every key once, and nothing else"),
    (Defect::BrokenListingIsEmpty, "a listing that breaks off is an error, not a shorter one"),
    (Defect::WrongOrder, "answers come in the order of the keys"),
    (Defect::FaultSpoilsBatch, "one key's fault leaves the others' answers alone"),
    (Defect::TrimsValues, "values keep every character"),
    (Defect::OneRevision, "a revision changes with a write and only then"),
    (Defect::ForgetsTags, "tags of somebody else are kept"),
    (Defect::ForgetsTags, "a mark outlives updates"),
    (Defect::ClaimRewrites, "a claim marks a key and leaves value, tags and revision"),
    (Defect::ReleasesAnyMark, "a release leaves the mark of somebody else"),
    (Defect::IgnoresExpect, "a release under a wrong expectation is refused"),
    (Defect::KeepsAnything, "what can be brought back is known beforehand"),
    (Defect::DeletesForGood, "a recoverable delete leaves the name, without a value"),
    (Defect::HidesDeleted, "a key without a live value is there, and says nothing"),
    (Defect::AlwaysWithoutEffect, "a write whose answer is lost says that its effect is unknown"),
    (Defect::TalksOfValues, "no error and no debug text holds a value"),
    (Defect::AlwaysOfUnknownEffect, "a request that fails in passing is made again, or told"),
    (Defect::BrokenListingIsEmpty, "a request that fails in passing is made again, or told"),
    (Defect::AlwaysWithoutEffect, "a write whose answer is lost is made once, or told as unknown"),
    (Defect::BrokenListingIsEmpty, "a page that is torn makes no shorter listing"),
    (Defect::BrokenListingIsEmpty, "a page that names itself as the next is an error"),
    (Defect::SealedIsAbsent, "a value that cannot be decrypted is not absent, and harms no other"),
    (Defect::FaultSpoilsBatch, "a value that cannot be decrypted is not absent, and harms no other"),
    (Defect::NoExpectLayer, "a create meets a key that is there: conflict"),
    (Defect::NoExpectLayer, "an update meets another revision: conflict"),
    (Defect::NoExpectLayer, "a claim under a wrong expectation is refused"),
    (Defect::NoExpectLayer, "a delete meets another state: conflict, and the key stays"),
];

/// A store in memory with a defect.
pub struct BrokenGround(pub Defect);

#[async_trait]
impl Ground for BrokenGround {
    fn name(&self) -> String {
        format!("memory, broken: {:?}", self.0)
    }

    async fn empty(&self) -> Site {
        if self.0 == Defect::NoExpectLayer {
            let mut shape = MemoryShape::default();
            shape.capabilities.compare = Compare::None;
            let memory = MemoryProvider::shaped("shelf", shape);
            return Site::without_layers(memory.clone(), MemoryWorld(memory));
        }
        let memory = MemoryProvider::new("shelf");
        Site::new(Arc::new(Broken { memory: memory.clone(), defect: self.0 }), MemoryWorld(memory))
    }
}

#[derive(Debug)]
struct Broken {
    memory: Arc<MemoryProvider>,
    defect: Defect,
}

impl Broken {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn expect(&self, expect: &Expect) -> Expect {
        if self.has(Defect::IgnoresExpect) { Expect::Anything } else { expect.clone() }
    }

    fn listed(&self, mut listed: Listed) -> Option<Listed> {
        if self.has(Defect::OneRevision) {
            listed.revision = Some(Revision::new("1"));
        }
        if self.has(Defect::HidesDeleted) && listed.state != State::Live { None } else { Some(listed) }
    }

    fn record(&self, record: Record) -> Option<Record> {
        let content = match record.content {
            Content::Value(value) if self.has(Defect::TrimsValues) => Content::Value(value.expose().trim().into()),
            content => content,
        };
        self.listed(record.listed).map(|listed| Record { listed, content })
    }

    fn read_answer(&self, answer: Result<Option<Record>>) -> Result<Option<Record>> {
        match answer {
            Err(error) if error.kind == ErrorKind::Denied && self.has(Defect::DeniedIsAbsent) => Ok(None),
            Ok(Some(record)) if self.has(Defect::SealedIsAbsent) && is_quarantined(&record) => Ok(None),
            answer => answer.map(|record| record.and_then(|record| self.record(record))),
        }
    }

    fn error(&self, error: Error, entry: &Entry) -> Error {
        match self.defect {
            Defect::AlwaysWithoutEffect => Error { effect: Effect::None, ..error },
            Defect::AlwaysOfUnknownEffect => error.of_unknown_effect(),
            Defect::TalksOfValues => Error { context: format!("could not write {}", entry.value.expose()), ..error },
            _ => error,
        }
    }
}

fn is_quarantined(record: &Record) -> bool {
    matches!(record.content, Content::Quarantined(_))
}

#[async_trait]
impl Provider for Broken {
    fn info(&self) -> &StoreInfo {
        self.memory.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.memory.capabilities()
    }

    fn rule(&self) -> &Rule {
        self.memory.rule()
    }

    fn dialect(&self) -> &Dialect {
        self.memory.dialect()
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.memory.check(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let mut listed = match self.memory.list(scope).await {
            Err(_) if self.has(Defect::BrokenListingIsEmpty) => Vec::new(),
            answer => answer?,
        };
        if self.has(Defect::ShortListing) {
            listed.truncate(20);
        }
        Ok(listed.into_iter().filter_map(|listed| self.listed(listed)).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let answers = self.memory.stat(keys).await.into_iter();
        answers.map(|answer| answer.map(|listed| listed.and_then(|listed| self.listed(listed)))).collect()
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let mut answers = self.memory.read(keys).await;
        if self.has(Defect::WrongOrder) {
            answers.reverse();
        }
        let fault = answers.iter().find_map(|answer| match answer {
            Err(error) => Some(error.clone()),
            Ok(Some(record)) if is_quarantined(record) => {
                Some(Error::new(ErrorKind::Denied, "read", "shelf", "one of them cannot be decrypted"))
            }
            Ok(_) => None,
        });
        match fault {
            Some(error) if self.has(Defect::FaultSpoilsBatch) => answers.iter().map(|_| Err(error.clone())).collect(),
            _ => answers.into_iter().map(|answer| self.read_answer(answer)).collect(),
        }
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        if self.has(Defect::ForgetsTags) {
            self.memory.remove(key.as_str());
        }
        let written = self.memory.write(key, entry, &self.expect(expect)).await;
        if self.has(Defect::OneRevision) {
            return written.map(|_| Revision::new("1"));
        }
        written.map_err(|error| self.error(error, entry))
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let claimed = self.memory.claim(key, mark, &self.expect(expect)).await?;
        match self.memory.text(key.as_str()) {
            Some(text) if self.has(Defect::ClaimRewrites) => Ok(self.memory.put(key.as_str(), text.expose())),
            _ => Ok(claimed),
        }
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let seen = self.memory.stat(std::slice::from_ref(key)).await.remove(0)?.and_then(|listed| listed.mark);
        let mark = seen.filter(|_| self.has(Defect::ReleasesAnyMark)).unwrap_or_else(|| mark.clone());
        self.memory.release(key, &mark, &self.expect(expect)).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        if self.has(Defect::KeepsAnything) {
            return versions.iter().map(|_| Ok(true)).collect();
        }
        self.memory.keeps(versions).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        if self.has(Defect::DeletesForGood) {
            self.memory.remove(key.as_str());
            return Ok(None);
        }
        self.memory.delete(key, &self.expect(expect)).await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.memory.restore(key, revision, &self.expect(expect)).await
    }
}
