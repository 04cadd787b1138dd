//! A store that is watched and held up: how many requests it has at once, what it changes, requests that fail or hang.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;
use secretferry::model::{
    Capabilities, Dialect, ErrorKind, Family, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope, SecretValue,
};
use secretferry::naming::Rule;
use secretferry::provider::contract::all_failed;
use secretferry::provider::memory::{MemoryProvider, When};
use secretferry::provider::{Entry, Error, Expect, Provider, Record, Result, Role, StoreInfo};
use tokio::sync::Notify;

/// A store in memory behind a watch.
#[derive(Debug)]
pub struct Probe {
    pub inner: Arc<MemoryProvider>,
    /// Listings tell names alone, as Vault's do.
    names_only: bool,
    /// Reads of more than one key leave the last answer out, as no provider may.
    short: bool,
    busy: AtomicUsize,
    widest: AtomicUsize,
    handed: AtomicUsize,
    planted: Mutex<Vec<Planted>>,
    changes: Arc<Mutex<Vec<Made>>>,
    held: Arc<Notify>,
    release: Arc<Notify>,
}

/// Where a change hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// Before its effect; it takes effect once released, whether anybody still waits or not.
    Withheld,
    /// After its effect, for ever.
    Unanswered,
}

/// What goes wrong with the `nth` request of a family from now on, counted from one.
#[derive(Debug, Clone, Copy)]
pub struct Planted {
    pub family: Family,
    pub nth: usize,
    pub what: What,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum What {
    Fails(When, ErrorKind),
    Hangs(Hang),
}

/// A change that was tried, and what the key held before and after it.
#[derive(Debug, Clone)]
pub struct Made {
    pub key: RemoteKey,
    pub family: Family,
    /// The text that a write was to leave behind.
    pub tried: Option<String>,
    pub before: Option<String>,
    /// Whether it took effect; what is withheld counts as not.
    pub done: bool,
}

impl Probe {
    pub fn of(inner: &Arc<MemoryProvider>) -> Arc<Self> {
        Arc::new(Self::plain(inner))
    }

    pub fn names_only(inner: &Arc<MemoryProvider>) -> Arc<Self> {
        Arc::new(Self { names_only: true, ..Self::plain(inner) })
    }

    pub fn short(inner: &Arc<MemoryProvider>) -> Arc<Self> {
        Arc::new(Self { short: true, ..Self::plain(inner) })
    }

    fn plain(inner: &Arc<MemoryProvider>) -> Self {
        Self {
            inner: Arc::clone(inner),
            names_only: false,
            short: false,
            busy: AtomicUsize::new(0),
            widest: AtomicUsize::new(0),
            handed: AtomicUsize::new(0),
            planted: Mutex::default(),
            changes: Arc::default(),
            held: Arc::default(),
            release: Arc::default(),
        }
    }

    /// Lets the next write, claim or delete hang.
    pub fn hang_next(&self, hang: Hang) {
        let what = What::Hangs(hang);
        self.plant([Family::Write, Family::Delete].map(|family| Planted { family, nth: 1, what }));
    }

    /// Plants faults in place of those that were planted and have not shown.
    pub fn plant(&self, planted: impl IntoIterator<Item = Planted>) {
        *self.planted.lock().unwrap() = planted.into_iter().collect();
        // What hung in an earlier run is not news.
        let _ = self.held.notified().now_or_never();
    }

    /// Takes the changes that were tried since the last look.
    pub fn take_changes(&self) -> Vec<Made> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }

    /// Waits until a change hangs.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Lets what was withheld arrive, and waits until it has.
    pub async fn arrive(&self) {
        self.release.notify_waiters();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    /// The most requests that were under way at once.
    pub fn widest(&self) -> usize {
        self.widest.load(Ordering::SeqCst)
    }

    /// How many values were handed out so far.
    pub fn handed(&self) -> usize {
        self.handed.load(Ordering::SeqCst)
    }

    async fn watched<T>(&self, request: impl Future<Output = T>) -> T {
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.widest.fetch_max(busy, Ordering::SeqCst);
        // Long enough for every other request that may be under way to begin.
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        let answer = request.await;
        self.busy.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    /// What was planted for this request.
    fn due(&self, family: Family) -> Option<What> {
        let mut planted = self.planted.lock().unwrap();
        for fault in planted.iter_mut().filter(|fault| fault.family == family) {
            fault.nth -= 1;
        }
        let due = planted.extract_if(.., |fault| fault.nth == 0).next().map(|fault| fault.what);
        // Of two that are due at once the first shows.
        planted.retain(|fault| fault.nth > 0);
        due
    }

    fn error(&self, family: Family, kind: ErrorKind) -> Error {
        Error::new(kind, family.as_str(), &self.inner.info().name, "a planted fault")
    }

    async fn asked<T>(&self, family: Family, request: impl Future<Output = T>) -> Result<T> {
        match self.due(family) {
            Some(What::Fails(_, kind)) => Err(self.error(family, kind)),
            _ => Ok(self.watched(request).await),
        }
    }

    async fn change<T: Send + 'static>(
        &self,
        family: Family,
        (key, tried): (&RemoteKey, Option<&SecretValue>),
        request: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let text = |value: &SecretValue| value.expose().to_owned();
        let before = self.inner.text(key.as_str()).as_ref().map(text);
        let made = Made { key: key.clone(), family, tried: tried.map(text), before, done: false };
        let changes = Arc::clone(&self.changes);
        let note = move |done| changes.lock().unwrap().push(Made { done, ..made });
        match self.due(family) {
            Some(What::Fails(When::Before, kind)) => Err(self.error(family, kind)),
            Some(What::Fails(When::After, kind)) => {
                note(request.await.is_ok());
                Err(self.error(family, kind).of_unknown_effect())
            }
            Some(What::Hangs(Hang::Unanswered)) => {
                note(request.await.is_ok());
                self.held.notify_one();
                std::future::pending().await
            }
            Some(What::Hangs(Hang::Withheld)) => {
                note(false);
                let release = Arc::clone(&self.release);
                let arriving = tokio::spawn(async move {
                    release.notified().await;
                    request.await
                });
                // The task waits for its release before anybody can give it.
                tokio::task::yield_now().await;
                self.held.notify_one();
                arriving.await.unwrap()
            }
            None => {
                let answer = self.watched(request).await;
                note(answer.is_ok());
                answer
            }
        }
    }
}

#[async_trait]
impl Provider for Probe {
    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn rule(&self) -> &Rule {
        self.inner.rule()
    }

    fn dialect(&self) -> &Dialect {
        self.inner.dialect()
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.inner.check(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let listed = self.asked(Family::List, self.inner.list(scope)).await??;
        let named = |listed: Listed| match self.names_only {
            true => Listed::live(listed.key),
            false => listed,
        };
        Ok(listed.into_iter().map(named).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.asked(Family::Stat, self.inner.stat(keys)).await.unwrap_or_else(|error| all_failed(keys, &error))
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let read = self.asked(Family::Read, self.inner.read(keys)).await;
        let mut answers = read.unwrap_or_else(|error| all_failed(keys, &error));
        if self.short && answers.len() > 1 {
            answers.pop();
        }
        self.handed.fetch_add(answers.len(), Ordering::SeqCst);
        answers
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        let (inner, to, what, expect) = (Arc::clone(&self.inner), key.clone(), entry.clone(), expect.clone());
        let request = async move { inner.write(&to, &what, &expect).await };
        self.change(Family::Write, (key, Some(&entry.value)), request).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let (inner, to, mark, expect) = (Arc::clone(&self.inner), key.clone(), mark.clone(), expect.clone());
        let held = self.inner.text(key.as_str());
        let request = async move { inner.claim(&to, &mark, &expect).await };
        self.change(Family::Write, (key, held.as_ref()), request).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let (inner, from, expect) = (Arc::clone(&self.inner), key.clone(), expect.clone());
        self.change(Family::Delete, (key, None), async move { inner.delete(&from, &expect).await }).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let (inner, to, mark, expect) = (Arc::clone(&self.inner), key.clone(), mark.clone(), expect.clone());
        let held = self.inner.text(key.as_str());
        let request = async move { inner.release(&to, &mark, &expect).await };
        self.change(Family::Write, (key, held.as_ref()), request).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        let keys: Vec<_> = versions.iter().map(|(key, _)| key.clone()).collect();
        self.asked(Family::Stat, self.inner.keeps(versions)).await.unwrap_or_else(|error| all_failed(&keys, &error))
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        let (inner, to, revision, expect) = (Arc::clone(&self.inner), key.clone(), revision.clone(), expect.clone());
        let request = async move { inner.restore(&to, &revision, &expect).await };
        self.change(Family::Write, (key, None), request).await
    }
}
