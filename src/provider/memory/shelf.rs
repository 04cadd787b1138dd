//! The data of a store in memory: keys, their versions, tags and states.

use std::collections::BTreeMap;

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use crate::model::{Compare, Deletes, Listed, Mark, RemoteKey, Revision, SecretValue, State};
use crate::provider::contract::{Content, Expect, Record};

/// All keys. Revisions are numbers that the whole shelf never gives twice.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    slots: BTreeMap<RemoteKey, Slot>,
    last: u64,
}

#[derive(Debug)]
struct Slot {
    state: State,
    /// Oldest first; none where only tags were written.
    versions: Vec<(Revision, Content)>,
    tags: BTreeMap<String, String>,
    /// When the newest version was written, where somebody said so: this shelf has no clock.
    changed: Option<Timestamp>,
}

impl Slot {
    fn listed(&self, key: &RemoteKey) -> Listed {
        let pairs = self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let revision = self.versions.last().map(|(revision, _)| revision.clone());
        Listed { key: key.clone(), state: self.state, revision, mark: Mark::find(pairs), changed: self.changed }
    }

    fn content(&self) -> Content {
        match (self.state, self.versions.last()) {
            (State::Live, Some((_, content))) => content.clone(),
            _ => Content::Nothing,
        }
    }

    fn holds(&self, expected: &SecretValue) -> bool {
        match self.content() {
            Content::Value(value) => value.expose().as_bytes().ct_eq(expected.expose().as_bytes()).into(),
            Content::Nothing | Content::Quarantined(_) => false,
        }
    }

    fn is_at(&self, states: &[State], revision: &Revision) -> bool {
        states.contains(&self.state) && self.versions.last().is_some_and(|(last, _)| last == revision)
    }
}

impl Shelf {
    pub(super) fn list(&self) -> Vec<Listed> {
        self.slots.iter().map(|(key, slot)| slot.listed(key)).collect()
    }

    pub(super) fn record(&self, key: &RemoteKey) -> Option<Record> {
        self.slots.get(key).map(|slot| Record { listed: slot.listed(key), content: slot.content() })
    }

    pub(super) fn state(&self, key: &RemoteKey) -> Option<State> {
        self.slots.get(key).map(|slot| slot.state)
    }

    pub(super) fn tags(&self, key: &RemoteKey) -> BTreeMap<String, String> {
        self.slots.get(key).map(|slot| slot.tags.clone()).unwrap_or_default()
    }

    /// Compares as far as `compare` goes; an error says what was found instead.
    pub(super) fn compare(&self, compare: Compare, key: &RemoteKey, expect: &Expect) -> Result<(), &'static str> {
        let asked = match compare {
            Compare::Set => true,
            Compare::Create => *expect == Expect::Absent,
            Compare::None => false,
        };
        let fits = match (expect, self.slots.get(key)) {
            (Expect::Anything | Expect::Absent, None) => true,
            (_, None) => return if asked { Err("the key is gone") } else { Ok(()) },
            (Expect::Anything, Some(_)) => true,
            (Expect::Absent, Some(slot)) => slot.state == State::Empty,
            (Expect::Deleted(revision), Some(slot)) => slot.is_at(&[State::Deleted, State::Destroyed], revision),
            (Expect::At(revision), Some(slot)) => slot.is_at(&[State::Live], revision),
            (Expect::Holding(expected), Some(slot)) => slot.holds(expected),
        };
        if fits || !asked { Ok(()) } else { Err("the key is not as expected") }
    }

    /// Adds a version, which is live.
    pub(super) fn put(&mut self, key: &RemoteKey, content: Content) -> Revision {
        self.last += 1;
        let revision = Revision::new(self.last.to_string());
        let slot = self.slot(key);
        slot.state = State::Live;
        slot.changed = None;
        slot.versions.push((revision.clone(), content));
        revision
    }

    pub(super) fn tag(&mut self, key: &RemoteKey, pairs: impl IntoIterator<Item = (String, String)>) {
        self.slot(key).tags.extend(pairs);
    }

    /// Takes tags away, if all of them are there as given.
    pub(super) fn untag(&mut self, key: &RemoteKey, pairs: &[(String, String)]) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        if pairs.iter().all(|(name, value)| slot.tags.get(name) == Some(value)) {
            pairs.iter().for_each(|(name, _)| drop(slot.tags.remove(name)));
        }
    }

    pub(super) fn set_changed(&mut self, key: &RemoteKey, time: Timestamp) {
        self.slot(key).changed = Some(time);
    }

    pub(super) fn set_state(&mut self, key: &RemoteKey, state: State) {
        self.slot(key).state = state;
    }

    pub(super) fn remove(&mut self, key: &RemoteKey) {
        self.slots.remove(key);
    }

    pub(super) fn delete(&mut self, key: &RemoteKey, deletes: Deletes) -> Option<Revision> {
        if deletes != Deletes::Recoverable {
            self.remove(key);
            return None;
        }
        let slot = self.slots.get_mut(key)?;
        slot.state = State::Deleted;
        slot.versions.last().map(|(revision, _)| revision.clone())
    }

    /// Whether a version is there to go back to.
    pub(super) fn keeps(&self, key: &RemoteKey, revision: &Revision) -> bool {
        let Some(slot) = self.slots.get(key).filter(|slot| slot.state != State::Destroyed) else { return false };
        slot.versions.iter().any(|(known, _)| known == revision)
    }

    /// Destroys every version but the newest.
    pub(super) fn drop_history(&mut self, key: &RemoteKey) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.versions.drain(..slot.versions.len().saturating_sub(1));
        }
    }

    /// Takes a deletion back, or makes an old version the newest; `None` where there is no such version.
    pub(super) fn restore(&mut self, key: &RemoteKey, revision: &Revision) -> Option<Revision> {
        let slot = self.slots.get_mut(key)?;
        let position = slot.versions.iter().position(|(known, _)| known == revision)?;
        if position + 1 == slot.versions.len() {
            slot.state = State::Live;
            return Some(revision.clone());
        }
        let content = slot.versions[position].1.clone();
        Some(self.put(key, content))
    }

    fn slot(&mut self, key: &RemoteKey) -> &mut Slot {
        let empty = || Slot { state: State::Empty, versions: Vec::new(), tags: BTreeMap::new(), changed: None };
        self.slots.entry(key.clone()).or_insert_with(empty)
    }
}
