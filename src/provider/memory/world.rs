//! What happens to a store beside us: other people's changes, refusals, faults; and what it was asked so far.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fault::When;
use super::{KIND, MemoryProvider};
use crate::model::{ErrorKind, Family, RemoteKey, Revision, SecretValue, State};
use crate::provider::contract::{Content, Quarantine};
use crate::provider::error::Error;

/// The world around the store; none of it counts as a call.
impl MemoryProvider {
    /// Writes as somebody else would: without a mark, keeping tags.
    pub fn put(&self, key: &str, text: &str) -> Revision {
        self.shelf().put(&RemoteKey::new(key), Content::Value(text.into()))
    }

    /// Says when a key was last changed; told wherever its revision is, until it is written again.
    pub fn changed_at(&self, key: &str, time: Timestamp) {
        self.shelf().set_changed(&RemoteKey::new(key), time);
    }

    /// Makes a key hold what cannot be understood.
    pub fn put_quarantined(&self, key: &str, why: Quarantine) -> Revision {
        self.shelf().put(&RemoteKey::new(key), Content::Quarantined(why))
    }

    /// Takes a key away for good.
    pub fn remove(&self, key: &str) {
        self.shelf().remove(&RemoteKey::new(key));
    }

    /// Loses every version of a key but the newest.
    pub fn drop_history(&self, key: &str) {
        self.shelf().drop_history(&RemoteKey::new(key));
    }

    /// Puts a key into a state; one that is not there gets no version.
    pub fn set_state(&self, key: &str, state: State) {
        self.shelf().set_state(&RemoteKey::new(key), state);
    }

    /// Adds a tag to a key, as somebody else or, with a mark's pairs, as another installation would.
    pub fn tag(&self, key: &str, name: &str, value: &str) {
        self.shelf().tag(&RemoteKey::new(key), [(name.to_owned(), value.to_owned())]);
    }

    /// The tags of a key, marks included.
    pub fn tags(&self, key: &str) -> BTreeMap<String, String> {
        self.shelf().tags(&RemoteKey::new(key))
    }

    /// The live text of a key.
    pub fn text(&self, key: &str) -> Option<SecretValue> {
        match self.shelf().record(&RemoteKey::new(key))?.content {
            Content::Value(value) => Some(value),
            Content::Nothing | Content::Quarantined(_) => None,
        }
    }

    /// Every key, in order, whatever its state.
    pub fn keys(&self) -> Vec<String> {
        self.shelf().list().into_iter().map(|listed| listed.key.as_str().to_owned()).collect()
    }

    /// Refuses to show the value of a key.
    pub fn deny(&self, key: &str) {
        self.faults().deny(RemoteKey::new(key));
    }

    /// Shows it again.
    pub fn allow(&self, key: &str) {
        self.faults().allow(&RemoteKey::new(key));
    }

    /// Lets the `nth` call of a family from now on, counted from one, fail.
    pub fn fail(&self, family: Family, nth: usize, when: When, kind: ErrorKind) {
        let error = Error::new(kind, family.as_str(), &self.info.name, "a planted fault");
        self.fail_with(family, nth, when, error);
    }

    /// The same, with an error of one's own.
    pub fn fail_with(&self, family: Family, nth: usize, when: When, error: Error) {
        self.faults().fail(family, nth, when, error);
    }

    /// Lets the next listing break off at a page.
    pub fn cut_listing(&self) {
        let context = format!("the {KIND} store's listing broke off at a page");
        let error = Error::new(ErrorKind::Unavailable, "list", &self.info.name, context);
        self.fail_with(Family::List, 1, When::Before, error);
    }

    /// Lets listings show from now on what there is now, whatever is written.
    pub fn lag(&self) {
        let now = self.shelf().list();
        *self.lagging() = Some(now);
    }

    /// Lets listings show what there is.
    pub fn catch_up(&self) {
        *self.lagging() = None;
    }

    /// Does something just before the `nth` call of a family from now on takes effect: a write of somebody else, say.
    pub fn before(&self, family: Family, nth: usize, meddle: impl FnOnce(&Self) + Send + 'static) {
        self.faults().meddle(family, nth, Box::new(meddle));
    }

    /// How many calls of a family were made; a batch is one.
    pub fn calls(&self, family: Family) -> usize {
        self.faults().calls(family)
    }

    /// The keys a family was asked for, in order.
    pub fn asked(&self, family: Family) -> Vec<RemoteKey> {
        self.faults().asked(family)
    }
}
