//! A store that is watched and held up: how many requests it has at once, and writes that hang before or after their effect.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secretferry::model::{Capabilities, Dialect, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope, State};
use secretferry::naming::Rule;
use secretferry::provider::memory::MemoryProvider;
use secretferry::provider::{Entry, Expect, Provider, Record, Result, Role, StoreInfo};
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
    hang: Mutex<Option<Hang>>,
    held: Arc<Notify>,
    release: Arc<Notify>,
}

/// Where the next change hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// Before its effect; it takes effect once released, whether anybody still waits or not.
    Withheld,
    /// After its effect, for ever.
    Unanswered,
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
            hang: Mutex::new(None),
            held: Arc::default(),
            release: Arc::default(),
        }
    }

    /// Lets the next write, claim or delete hang.
    pub fn hang_next(&self, hang: Hang) {
        *self.hang.lock().unwrap() = Some(hang);
    }

    /// Waits until a change hangs.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Lets what was withheld arrive, and waits until it has.
    pub async fn arrive(&self) {
        self.release.notify_one();
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

    async fn change<T: Send + 'static>(&self, request: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let hang = self.hang.lock().unwrap().take();
        match hang {
            None => self.watched(request).await,
            Some(Hang::Unanswered) => {
                let _ = request.await;
                self.held.notify_one();
                std::future::pending().await
            }
            Some(Hang::Withheld) => {
                let release = Arc::clone(&self.release);
                let arriving = tokio::spawn(async move {
                    release.notified().await;
                    request.await
                });
                self.held.notify_one();
                arriving.await.unwrap()
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
        let listed = self.watched(self.inner.list(scope)).await?;
        let named = |listed: Listed| match self.names_only {
            true => Listed { state: State::Live, revision: None, mark: None, ..listed },
            false => listed,
        };
        Ok(listed.into_iter().map(named).collect())
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        self.watched(self.inner.stat(keys)).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let mut answers = self.watched(self.inner.read(keys)).await;
        if self.short && answers.len() > 1 {
            answers.pop();
        }
        self.handed.fetch_add(answers.len(), Ordering::SeqCst);
        answers
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        let (inner, key, entry, expect) = (Arc::clone(&self.inner), key.clone(), entry.clone(), expect.clone());
        self.change(async move { inner.write(&key, &entry, &expect).await }).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        let (inner, key, mark, expect) = (Arc::clone(&self.inner), key.clone(), mark.clone(), expect.clone());
        self.change(async move { inner.claim(&key, &mark, &expect).await }).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        let (inner, key, expect) = (Arc::clone(&self.inner), key.clone(), expect.clone());
        self.change(async move { inner.delete(&key, &expect).await }).await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.watched(self.inner.restore(key, revision, expect)).await
    }
}
