//! One source for several legs: what is asked once, what again, and what is kept how long.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use futures::future::join_all;

use super::*;
use crate::model::{ErrorKind, Family};
use crate::provider::memory::{MemoryProvider, When};

const KEYS: usize = 1_000;

fn source() -> (Arc<MemoryProvider>, Vec<RemoteKey>) {
    let memory = MemoryProvider::new("shelf");
    let keys: Vec<_> = (0..KEYS).map(|id| format!("variables/k{id}")).collect();
    keys.iter().for_each(|key| drop(memory.put(key, "0123456789")));
    (memory, keys.iter().map(RemoteKey::new).collect())
}

fn everything() -> Scope {
    Scope { kinds: Kind::ALL.to_vec() }
}

/// One idle cycle of one leg: a listing, a look at each key, a read of each.
async fn cycle(store: &dyn Provider, keys: &[RemoteKey]) -> usize {
    let mut found = store.list(&everything()).await.unwrap().len();
    for key in keys {
        found += store.stat(std::slice::from_ref(key)).await.into_iter().flatten().flatten().count();
        found += store.read(std::slice::from_ref(key)).await.into_iter().flatten().flatten().count();
    }
    found
}

fn calls(memory: &MemoryProvider) -> [usize; 3] {
    [Family::List, Family::Stat, Family::Read].map(|family| memory.calls(family))
}

#[tokio::test]
async fn two_legs_cost_the_source_what_one_does() {
    let (memory, keys) = source();
    cycle(&*memory, &keys).await;
    let one = calls(&memory);
    let (memory, keys) = source();
    let legs = share_within(memory.clone(), 2, ROOM);
    let found = join_all(legs.iter().map(|leg| cycle(leg, &keys))).await;
    assert_eq!(found, [3 * KEYS; 2]);
    assert_eq!(calls(&memory), one, "side by side");
    let (memory, keys) = source();
    let legs = share_within(memory.clone(), 2, ROOM);
    cycle(&legs[0], &keys).await;
    assert_eq!(legs[0].common.reads.bytes(), 10 * KEYS, "kept for the leg that comes later");
    cycle(&legs[1], &keys).await;
    assert_eq!(calls(&memory), one, "one after the other");
    assert_eq!(legs[0].common.reads.bytes(), 0, "nothing is kept that all had");
    cycle(&*memory, &keys).await;
    assert_eq!(calls(&memory), one.map(|calls| 2 * calls), "a source that is not shared is asked again");
}

#[tokio::test]
async fn who_asks_again_gets_a_fresh_answer() {
    let (memory, keys) = source();
    let legs = share_within(memory.clone(), 2, ROOM);
    let text = async |leg: usize| {
        let record = legs[leg].read(&keys[..1]).await.remove(0).unwrap().unwrap();
        let Content::Value(value) = record.content else { return String::new() };
        value.expose().to_owned()
    };
    assert_eq!(text(0).await, "0123456789");
    memory.put(keys[0].as_str(), "new");
    assert_eq!((text(0).await, text(1).await), ("new".to_owned(), "0123456789".to_owned()));
    assert_eq!((text(1).await, text(0).await), ("new".to_owned(), "new".to_owned()));
    assert_eq!(memory.calls(Family::Read), 4, "the second leg's first answer alone was shared");
}

#[tokio::test]
async fn an_error_is_told_to_those_who_waited_for_the_call() {
    let (memory, keys) = source();
    let legs = share_within(memory.clone(), 3, ROOM);
    memory.fail(Family::Read, 1, When::Before, ErrorKind::Unavailable);
    let told = join_all(legs[..2].iter().map(|leg| leg.read(&keys[..1]))).await;
    assert!(told.iter().all(|answers| answers[0].is_err()), "{told:?}");
    assert_eq!(memory.calls(Family::Read), 1, "both waited for one call");
    let later = join_all(legs.iter().map(|leg| leg.read(&keys[..1]))).await;
    assert!(later.iter().all(|answers| answers[0].is_ok()), "an error is not kept");
    assert_eq!(memory.calls(Family::Read), 2, "and the answer is shared again");
}

#[tokio::test]
async fn what_does_not_fit_or_nobody_waits_for_is_not_kept() {
    let (memory, keys) = source();
    let mut legs = share_within(memory.clone(), 3, 25);
    legs[0].read(&keys[..10]).await;
    assert_eq!(legs[0].common.reads.bytes(), 20, "two values of ten");
    legs[1].read(&keys[..10]).await;
    assert_eq!(memory.asked(Family::Read).len(), 18, "the other eight are asked for again");
    let (last, _) = (legs.pop(), legs.pop());
    assert_eq!(legs[0].common.reads.bytes(), 20, "the last leg may still ask");
    drop(last);
    assert_eq!(legs[0].common.reads.bytes(), 0, "a leg that has ended needs nothing");
}

#[tokio::test]
async fn a_leg_that_is_stopped_leaves_its_question_to_the_others() {
    let (memory, keys) = source();
    let legs = share_within(memory.clone(), 2, ROOM);
    let mut first = Box::pin(legs[0].read(&keys[..1]));
    assert!(futures::poll!(&mut first).is_pending(), "the store answers later");
    let mut second = Box::pin(legs[1].read(&keys[..1]));
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    assert!(second.await[0].as_ref().unwrap().is_some());
}
