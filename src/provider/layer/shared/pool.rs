//! What several legs ask for, asked once: an answer is kept until each of them had it.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::provider::error::{Error, Result};

/// Answers by what was asked, for legs that are numbered.
pub(super) struct Pool<K, T> {
    kept: Mutex<Kept<K, T>>,
    changed: Notify,
    /// The most bytes of answers kept; what would go beyond is asked for again.
    room: usize,
    size: fn(&T) -> usize,
}

struct Kept<K, T> {
    legs: BTreeSet<usize>,
    slots: HashMap<K, Slot<T>>,
    bytes: usize,
}

/// How one question stands.
struct Slot<T> {
    /// Who had its answer; whoever asks again gets a fresh one of its own.
    had: BTreeSet<usize>,
    state: State<T>,
}

enum State<T> {
    /// A leg is asking; these others wait for it.
    Asking(BTreeSet<usize>),
    /// Kept for those who did not have it yet.
    Answered(T),
    /// What those who waited for the call are told; nobody else.
    Failed(Error, BTreeSet<usize>),
    /// Nothing is kept.
    Open,
}

/// What a leg that asks has to do.
pub(super) enum Turn<T> {
    /// Ask, and [`publish`](Pool::publish) the answer.
    Ask,
    /// Ask for itself alone.
    AskAlone,
    /// Wait for the leg that asks.
    Wait,
    /// Nothing: this is the answer.
    Done(Result<T>),
}

impl<K: Clone + Eq + Hash, T: Clone> Pool<K, T> {
    pub(super) fn new(legs: usize, room: usize, size: fn(&T) -> usize) -> Self {
        let kept = Kept { legs: (0..legs).collect(), slots: HashMap::new(), bytes: 0 };
        Self { kept: Mutex::new(kept), changed: Notify::new(), room, size }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `leg` what to do about a question.
    pub(super) fn turn(&self, leg: usize, key: &K) -> Turn<T> {
        let mut kept = self.kept();
        let kept = &mut *kept;
        let alone = kept.legs.len() < 2;
        let slot = kept.slots.entry(key.clone()).or_insert_with(Slot::open);
        let turn = match &mut slot.state {
            State::Failed(error, owed) if owed.contains(&leg) => {
                owed.remove(&leg);
                return Turn::Done(Err(error.clone()));
            }
            _ if slot.had.contains(&leg) => return Turn::AskAlone,
            State::Failed(_, owed) if !owed.is_empty() => return Turn::AskAlone,
            State::Asking(waiting) => {
                waiting.insert(leg);
                return Turn::Wait;
            }
            State::Answered(answer) => Turn::Done(Ok(answer.clone())),
            State::Open | State::Failed(..) if alone => return Turn::AskAlone,
            State::Open | State::Failed(..) => {
                slot.state = State::Asking(BTreeSet::new());
                return Turn::Ask;
            }
        };
        if matches!(turn, Turn::Done(Ok(_))) {
            slot.had.insert(leg);
        }
        kept.bytes -= slot.let_go(&kept.legs, self.size);
        turn
    }

    /// Hands on what `leg` was told; keeps it where somebody still needs it and there is room.
    pub(super) fn publish(&self, leg: usize, key: &K, answer: &Result<T>) {
        let mut kept = self.kept();
        let kept = &mut *kept;
        let Some(slot) = kept.slots.get_mut(key) else { return };
        let State::Asking(waiting) = &mut slot.state else { return };
        let waiting = std::mem::take(waiting);
        slot.state = match answer {
            Err(error) => State::Failed(error.clone(), waiting),
            Ok(answer) => {
                slot.had.insert(leg);
                let size = (self.size)(answer);
                if kept.bytes + size > self.room || kept.legs.iter().all(|leg| slot.had.contains(leg)) {
                    State::Open
                } else {
                    kept.bytes += size;
                    State::Answered(answer.clone())
                }
            }
        };
        self.changed.notify_waiters();
    }

    /// Gives a question back that nobody answered, as when the leg that asked was stopped.
    pub(super) fn give_back(&self, key: &K) {
        if let Some(slot) = self.kept().slots.get_mut(key)
            && matches!(slot.state, State::Asking(_))
        {
            slot.state = State::Open;
            self.changed.notify_waiters();
        }
    }

    /// Waits until it is worth asking for the turn again.
    pub(super) async fn until_answered(&self, key: &K) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Taken before the look, so that no answer falls between the two.
            changed.as_mut().enable();
            if !matches!(self.kept().slots.get(key), Some(Slot { state: State::Asking(_), .. })) {
                return;
            }
            changed.await;
        }
    }

    /// A leg has ended: nothing is kept for it any more.
    pub(super) fn leave(&self, leg: usize) {
        let mut kept = self.kept();
        let kept = &mut *kept;
        kept.legs.remove(&leg);
        for slot in kept.slots.values_mut() {
            kept.bytes -= slot.let_go(&kept.legs, self.size);
        }
    }

    /// How many bytes are kept.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.kept().bytes
    }
}

impl<T> Slot<T> {
    fn open() -> Self {
        Self { had: BTreeSet::new(), state: State::Open }
    }

    /// Drops the answer once each of `legs` had it; gives the bytes that are free then.
    fn let_go(&mut self, legs: &BTreeSet<usize>, size: fn(&T) -> usize) -> usize {
        let State::Answered(answer) = &self.state else { return 0 };
        if !legs.is_subset(&self.had) {
            return 0;
        }
        let free = size(answer);
        self.state = State::Open;
        free
    }
}
