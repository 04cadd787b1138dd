//! All that can happen in a run, told to whoever watches it.

use std::time::Duration;

use jiff::Timestamp;

use super::decision::{Action, Outcome, Reason};
use super::fault::ErrorKind;
use super::finding::Finding;
use super::name::SecretName;

/// What kind of request a store is asked, as pace and telemetry count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Listings.
    List,
    /// Looks at a key without its value.
    Stat,
    /// Reads of values.
    Read,
    /// Creates and updates.
    Write,
    /// Deletes.
    Delete,
    /// Logins, renewals and questions about ourselves.
    Auth,
}

impl Family {
    /// Every family, in the order of reports.
    pub const ALL: [Self; 6] = [Self::List, Self::Stat, Self::Read, Self::Write, Self::Delete, Self::Auth];

    /// The word used in reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Stat => "stat",
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Auth => "auth",
        }
    }
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What a dead run left behind is settled.
    Settle,
    /// A side is listed.
    List,
    /// Revisions are looked up.
    Stat,
    /// Values are read and reduced.
    Read,
    /// The plan is acted on.
    Apply,
    /// Both sides are read and compared.
    Verify,
}

impl Stage {
    /// The words a progress bar shows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settle => "settling",
            Self::List => "listing",
            Self::Stat => "looking",
            Self::Read => "reading",
            Self::Apply => "applying",
            Self::Verify => "verifying",
        }
    }
}

/// One thing that happened. Holds names, never values.
#[derive(Debug, Clone)]
pub enum Event {
    /// A stage began on a store; `total` is how many keys it will take, where that is known.
    StageStarted {
        /// Which.
        stage: Stage,
        /// On which store.
        store: String,
        /// How many keys.
        total: Option<u64>,
    },
    /// So many more keys of the stage are done.
    StageAdvanced {
        /// Which.
        stage: Stage,
        /// How many more.
        keys: u64,
    },
    /// A stage is over.
    StageEnded {
        /// Which.
        stage: Stage,
    },
    /// A step ended.
    StepEnded {
        /// The key's name.
        name: SecretName,
        /// What was to be done.
        action: Action,
        /// How it ended.
        outcome: Outcome,
        /// Why.
        reason: Reason,
    },
    /// Something a person should hear, once.
    Found(Finding),
    /// One request to a store was answered, or failed.
    Called {
        /// The store.
        store: String,
        /// The family.
        family: Family,
        /// How long it took.
        took: Duration,
        /// The error, if it failed.
        error: Option<ErrorKind>,
    },
    /// A store asked us to slow down, or a request is repeated after a pause.
    Waiting {
        /// The store.
        store: String,
        /// The family.
        family: Family,
        /// How long.
        pause: Duration,
    },
    /// We have another token, or learnt how long the one we have lives.
    TokenLife {
        /// The store.
        store: String,
        /// How long, and what then.
        life: TokenLife,
    },
}

/// How long what a store knows us by lives, and who sees to what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenLife {
    /// When it ends; `None` where it does not, or nobody knows.
    pub ends: Option<Timestamp>,
    /// Who sees to it.
    pub upkeep: Upkeep,
}

/// Who sees to it that a token that ends is prolonged or followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upkeep {
    /// We do: it is renewed, or got anew by a log-in.
    #[default]
    Ours,
    /// A program beside us, which keeps it fresh.
    Others,
    /// Nobody but a person: once it has ended, the store is closed to us.
    Nobody,
}

impl Upkeep {
    /// The word used in metrics and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Others => "others",
            Self::Nobody => "nobody",
        }
    }
}

impl TokenLife {
    /// How much of it is left at `now`; `None` where it does not end, or nobody knows.
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        self.ends.map(|end| Duration::try_from(end.duration_since(now)).unwrap_or_default())
    }

    /// How much is left, where that is little enough for a person to hear of it.
    ///
    /// What we see to ourselves never is; what others keep fresh is once they did not.
    pub fn pressing(&self, now: Timestamp, warning: Duration) -> Option<Duration> {
        let warning = match self.upkeep {
            Upkeep::Ours => return None,
            Upkeep::Others => Duration::ZERO,
            Upkeep::Nobody => warning,
        };
        self.left(now).filter(|left| *left <= warning)
    }
}

/// Watches runs; must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// Hears of one event.
    fn observe(&self, event: &Event);
}

/// An observer that looks away.
#[derive(Debug, Default, Clone, Copy)]
pub struct Blind;

impl Observer for Blind {
    fn observe(&self, _event: &Event) {}
}
