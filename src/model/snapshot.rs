//! The state of a side at one moment, as a store lists it and as planning sees it: without values.

use std::sync::Arc;

use jiff::Timestamp;

use super::mark::Mark;
use super::name::RemoteKey;

/// A store's own version of a key, compared for equality only. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision(Arc<str>);

impl Revision {
    /// Takes the provider's spelling, which means something to that provider alone.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of a listed key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It holds a value.
    Live,
    /// The name is there without any version yet, as a create that was cut short leaves it.
    Empty,
    /// Softly deleted: the name is in the way, the value can be brought back.
    Deleted,
    /// Its latest version was destroyed for good; the name is in the way.
    Destroyed,
    /// Switched off: neither absent nor readable.
    Disabled,
    /// Somebody else keeps its value; never touched.
    Managed(Manager),
}

/// Who keeps the value of a key that is not anybody's to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// Another service of the cloud, such as a database or a certificate.
    Service,
    /// A rotation, which writes a new value on its own.
    Rotation,
    /// The primary secret of another region, of which this is a copy.
    Primary,
    /// Whoever stores bytes that are no text.
    Bytes,
}

impl Manager {
    /// Why the key is left alone.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Service => "another service of the store keeps it",
            Self::Rotation => "it is rotated, and the next rotation would write over whatever is put there",
            Self::Primary => "it is a replica: only the primary secret, in its own region, can be written",
            Self::Bytes => "it holds bytes, not text, so it is no secret of Airflow's",
        }
    }
}

impl State {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Empty => "empty",
            Self::Deleted => "deleted",
            Self::Destroyed => "destroyed",
            Self::Disabled => "disabled",
            Self::Managed(_) => "managed",
        }
    }
}

/// One key as a store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: RemoteKey,
    /// What became of it.
    pub state: State,
    /// Its version, where the call that listed it gives one.
    pub revision: Option<Revision>,
    /// Who owns it, where the call that listed it says so.
    pub mark: Option<Mark>,
    /// When it was last changed, where the call that listed it says so; good for an order, not for comparing.
    pub changed: Option<Timestamp>,
}

impl Listed {
    /// A key of which the listing says that it is there, and no more.
    pub const fn live(key: RemoteKey) -> Self {
        Self { key, state: State::Live, revision: None, mark: None, changed: None }
    }
}
