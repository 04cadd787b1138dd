//! Looks at keys and reads values, many at a time and in the store's batches; each value is handed on once and dropped.

use futures::StreamExt;
use futures::stream;

use crate::model::{Blind, ErrorKind, Event, Listed, Observer, RemoteKey, Revision, SecretName, Stage};
use crate::provider::{Error, Record, Result, Store};

/// A key to look at: what we call it and how the store spells it.
pub type Wanted = (SecretName, RemoteKey);

/// Reads up to a batch of keys; a key that the store leaves without an answer fails, for no answer is not "absent".
pub async fn read_batch(store: &Store, keys: &[RemoteKey]) -> Vec<Result<Option<Record>>> {
    answered(store, "read", keys, store.read(keys).await)
}

/// Reads one key.
pub async fn read_one(store: &Store, key: &RemoteKey) -> Result<Option<Record>> {
    read_batch(store, std::slice::from_ref(key)).await.remove(0)
}

fn answered<T>(store: &Store, operation: &'static str, keys: &[RemoteKey], answers: Vec<Result<T>>) -> Vec<Result<T>> {
    let silence = |key| {
        let error = Error::new(ErrorKind::Unexpected, operation, &store.info().name, "the store gave no answer");
        Err(error.about(key))
    };
    let missing = keys.iter().skip(answers.len()).map(silence).collect::<Vec<_>>();
    answers.into_iter().chain(missing).take(keys.len()).collect()
}

/// Reads `wanted` and hands each answer to `reduce`, which keeps what it needs of it; answers come in any order.
pub async fn read_each<T: Send>(
    store: &Store,
    wanted: Vec<Wanted>,
    progress: Progress<'_>,
    reduce: impl Fn(&SecretName, Result<Option<Record>>) -> T + Sync,
) -> Vec<(SecretName, T)> {
    let batches = batched(wanted, store.capabilities().read_batch);
    let reduce = &reduce;
    let done = stream::iter(batches)
        .map(|batch| async move {
            let keys = keys_of(&batch);
            let answers = read_batch(store, &keys).await;
            progress.advance(batch.len());
            batch
                .into_iter()
                .zip(answers)
                .map(|((name, _), answer)| {
                    let kept = reduce(&name, answer);
                    (name, kept)
                })
                .collect::<Vec<_>>()
        })
        .buffer_unordered(store.capabilities().width.max(1));
    done.concat().await
}

/// Looks at `wanted` without reading values.
pub async fn stat_each(
    store: &Store,
    wanted: Vec<Wanted>,
    progress: Progress<'_>,
) -> Vec<(SecretName, Result<Option<Listed>>)> {
    let batches = batched(wanted, store.capabilities().read_batch);
    let done = stream::iter(batches)
        .map(|batch| async move {
            let keys = keys_of(&batch);
            let answers = answered(store, "stat", &keys, store.stat(&keys).await);
            progress.advance(batch.len());
            batch.into_iter().zip(answers).map(|((name, _), answer)| (name, answer)).collect::<Vec<_>>()
        })
        .buffer_unordered(store.capabilities().width.max(1));
    done.concat().await
}

/// Asks of earlier versions whether they can be brought back.
pub async fn keeps_each(
    store: &Store,
    versions: Vec<(SecretName, (RemoteKey, Revision))>,
    progress: Progress<'_>,
) -> Vec<(SecretName, Result<bool>)> {
    let batches = batched(versions, store.capabilities().read_batch);
    let done = stream::iter(batches)
        .map(|batch| async move {
            let (names, versions): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let keys: Vec<_> = versions.iter().map(|(key, _): &(RemoteKey, Revision)| key.clone()).collect();
            let answers = answered(store, "stat", &keys, store.keeps(&versions).await);
            progress.advance(names.len());
            names.into_iter().zip(answers).collect::<Vec<_>>()
        })
        .buffer_unordered(store.capabilities().width.max(1));
    done.concat().await
}

/// Batches one after another, each with room for itself alone: cut off one `Vec`, every one would keep the room of the rest.
fn batched<T>(wanted: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut wanted = wanted.into_iter();
    std::iter::from_fn(move || {
        let batch: Vec<_> = wanted.by_ref().take(size.max(1)).collect();
        (!batch.is_empty()).then_some(batch)
    })
}

fn keys_of(batch: &[Wanted]) -> Vec<RemoteKey> {
    batch.iter().map(|(_, key)| key.clone()).collect()
}

/// Tells an observer how far a stage is.
#[derive(Clone, Copy)]
pub struct Progress<'a> {
    observer: &'a dyn Observer,
    stage: Stage,
}

impl<'a> Progress<'a> {
    /// Begins a stage of `total` keys on `store`.
    pub fn begin(observer: &'a dyn Observer, stage: Stage, store: &str, total: Option<usize>) -> Self {
        let total = total.map(|total| total as u64);
        observer.observe(&Event::StageStarted { stage, store: store.to_owned(), total });
        Self { observer, stage }
    }

    /// A stage that nobody watches.
    pub fn silent() -> Progress<'static> {
        Progress { observer: &Blind, stage: Stage::Read }
    }

    /// Tells that `keys` more are done.
    pub fn advance(&self, keys: usize) {
        self.observer.observe(&Event::StageAdvanced { stage: self.stage, keys: keys as u64 });
    }

    /// Ends the stage.
    pub fn end(self) {
        self.observer.observe(&Event::StageEnded { stage: self.stage });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_batch_has_room_for_itself_alone() {
        let wanted: Vec<Wanted> =
            (0..1000).map(|id| (SecretName::new(Kind::Variable, id.to_string()), RemoteKey::new("k"))).collect();
        for size in [0, 1, 64, 1000, 5000] {
            let batches: Vec<_> = batched(wanted.clone(), size).collect();
            let room: usize = batches.iter().map(Vec::capacity).sum();
            // The least room of a `Vec` is four.
            assert!(room <= 4 * wanted.len(), "{room} places for {} keys in batches of {size}", wanted.len());
            assert_eq!(batches.concat(), wanted);
        }
    }
}
