//! One source for several legs of a job: what they all ask for is asked once.
//!
//! A listing, a look at a key and a value are answered once for all legs; a value is dropped as soon as the last leg had it.
//! Whoever asks for the same a second time gets a fresh answer, as acting on a plan must. An error is told to those who
//! waited for that very call. Beyond [`ROOM`] nothing is kept, and the next leg asks the store again.

mod pool;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use self::pool::{Pool, Turn};
use crate::model::{Capabilities, Dialect, Finding, Kind, Listed, Mark, RemoteKey, Revision, Scope};
use crate::naming::Rule;
use crate::provider::contract::{Content, Entry, Expect, Provider, Record, Role, Store, StoreInfo};
use crate::provider::error::Result;

/// The most bytes of values that are kept for legs that come later.
const ROOM: usize = 32 << 20;

/// Makes a handle for each leg over one source; a leg that has ended drops its own.
pub fn share(source: Store, legs: usize) -> Vec<Store> {
    share_within(source, legs, ROOM).into_iter().map(|handle| Arc::new(handle) as Store).collect()
}

fn share_within(source: Store, legs: usize, room: usize) -> Vec<Shared> {
    let common = Arc::new(Common {
        source,
        lists: Pool::new(legs, usize::MAX, |_| 0),
        stats: Pool::new(legs, usize::MAX, |_| 0),
        reads: Pool::new(legs, room, weight),
    });
    (0..legs).map(|leg| Shared { common: Arc::clone(&common), leg }).collect()
}

/// The bytes of a value.
fn weight(record: &Option<Record>) -> usize {
    match record.as_ref().map(|record| &record.content) {
        Some(Content::Value(value)) => value.expose().len(),
        _ => 0,
    }
}

struct Common {
    source: Store,
    /// By the words of the scope, which has no order of its own.
    lists: Pool<String, Vec<Listed>>,
    stats: Pool<RemoteKey, Option<Listed>>,
    reads: Pool<RemoteKey, Option<Record>>,
}

/// What one leg holds.
struct Shared {
    common: Arc<Common>,
    leg: usize,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("source", &self.common.source).field("leg", &self.leg).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.common.lists.leave(self.leg);
        self.common.stats.leave(self.leg);
        self.common.reads.leave(self.leg);
    }
}

/// Questions that a leg has taken on; what it does not answer, because it was stopped, it gives back.
struct Taken<'a, K: Clone + Eq + std::hash::Hash, T: Clone> {
    pool: &'a Pool<K, T>,
    keys: Vec<K>,
}

impl<K: Clone + Eq + std::hash::Hash, T: Clone> Drop for Taken<'_, K, T> {
    fn drop(&mut self) {
        self.keys.iter().for_each(|key| self.pool.give_back(key));
    }
}

impl Shared {
    /// Answers in the order of `keys`: what others have asked for is taken from them, the rest asked in one call.
    async fn answers<T: Clone, F: Future<Output = Vec<Result<T>>>>(
        &self,
        pool: &Pool<RemoteKey, T>,
        keys: &[RemoteKey],
        ask: impl Fn(Vec<RemoteKey>) -> F,
    ) -> Vec<Result<T>> {
        let mut answers: Vec<Option<Result<T>>> = keys.iter().map(|_| None).collect();
        loop {
            let mut taken = Taken { pool, keys: Vec::new() };
            let (mut asked, mut waits) = (Vec::new(), None);
            for (index, key) in
                keys.iter().enumerate().filter(|(index, _)| answers[*index].is_none()).collect::<Vec<_>>()
            {
                match pool.turn(self.leg, key) {
                    Turn::Ask => {
                        taken.keys.push(key.clone());
                        asked.push(index);
                    }
                    Turn::AskAlone => asked.push(index),
                    Turn::Wait => waits = Some(key),
                    Turn::Done(answer) => answers[index] = Some(answer),
                }
            }
            if !asked.is_empty() {
                let told = ask(asked.iter().map(|index| keys[*index].clone()).collect()).await;
                for (index, answer) in asked.into_iter().zip(told) {
                    if taken.keys.contains(&keys[index]) {
                        pool.publish(self.leg, &keys[index], &answer);
                    }
                    answers[index] = Some(answer);
                }
            }
            // Only now: whoever waits for another leg must keep none waiting for itself.
            drop(taken);
            match waits {
                Some(key) => pool.until_answered(key).await,
                None => return answers.into_iter().flatten().collect(),
            }
        }
    }
}

#[async_trait]
impl Provider for Shared {
    fn info(&self) -> &StoreInfo {
        self.common.source.info()
    }

    fn capabilities(&self) -> &Capabilities {
        self.common.source.capabilities()
    }

    fn rule(&self) -> &Rule {
        self.common.source.rule()
    }

    fn dialect(&self) -> &Dialect {
        self.common.source.dialect()
    }

    async fn check(&self, role: Role, kinds: &[Kind]) -> Vec<Finding> {
        self.common.source.check(role, kinds).await
    }

    async fn list(&self, scope: &Scope) -> Result<Vec<Listed>> {
        let (pool, words) = (&self.common.lists, format!("{scope:?}"));
        loop {
            match pool.turn(self.leg, &words) {
                Turn::Done(answer) => return answer,
                Turn::AskAlone => return self.common.source.list(scope).await,
                Turn::Wait => pool.until_answered(&words).await,
                Turn::Ask => {
                    let taken = Taken { pool, keys: vec![words.clone()] };
                    let answer = self.common.source.list(scope).await;
                    pool.publish(self.leg, &words, &answer);
                    drop(taken);
                    return answer;
                }
            }
        }
    }

    async fn stat(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Listed>>> {
        let source = &self.common.source;
        self.answers(&self.common.stats, keys, |keys| async move { source.stat(&keys).await }).await
    }

    async fn read(&self, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
        let source = &self.common.source;
        self.answers(&self.common.reads, keys, |keys| async move { source.read(&keys).await }).await
    }

    async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        self.common.source.write(key, entry, expect).await
    }

    async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.common.source.claim(key, mark, expect).await
    }

    async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        self.common.source.release(key, mark, expect).await
    }

    async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        self.common.source.delete(key, expect).await
    }

    async fn keeps(&self, versions: &[(RemoteKey, Revision)]) -> Vec<Result<bool>> {
        self.common.source.keeps(versions).await
    }

    async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        self.common.source.restore(key, revision, expect).await
    }
}

#[cfg(test)]
mod tests;
