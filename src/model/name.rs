//! What a secret is called: by us, and by a store.

use std::fmt;
use std::sync::Arc;

/// The three things Airflow looks up in a secrets backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A connection: eight fields.
    Connection,
    /// A variable: text.
    Variable,
    /// The value of a sensitive option of airflow.cfg: text.
    Config,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Connection, Self::Variable, Self::Config];

    /// The word used in configs, reports and the ledger: the plural, as in `kinds = ["connections"]`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Connection => "connections",
            Self::Variable => "variables",
            Self::Config => "configs",
        }
    }

    /// The word for one of it.
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Variable => "variable",
            Self::Config => "config",
        }
    }

    /// Parses either word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| word == kind.plural() || word == kind.singular())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.singular())
    }
}

/// Our canonical name of a secret: what Airflow calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    /// What it is.
    pub kind: Kind,
    /// The team that alone may see it (Airflow 3.1 and later); `None` for everybody.
    pub team: Option<String>,
    /// `conn_id`, variable key or config name, byte for byte.
    pub id: String,
}

impl SecretName {
    /// A name without a team.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, team: None, id: id.into() }
    }

    /// The same name, of a team.
    #[must_use]
    pub fn of_team(mut self, team: impl Into<String>) -> Self {
        self.team = Some(team.into());
        self
    }

    /// Text that no other name shares: what digests are bound to and the ledger keys its rows by.
    ///
    /// `kind/id`, or `kind@team/id`; team names hold no `/` and ids come last, so it is unambiguous.
    pub fn bound(&self) -> String {
        match &self.team {
            None => format!("{}/{}", self.kind, self.id),
            Some(team) => format!("{}@{}/{}", self.kind, team, self.id),
        }
    }

    /// Reads what [`SecretName::bound`] wrote; `None` for any other text.
    pub fn from_bound(text: &str) -> Option<Self> {
        let (head, id) = text.split_once('/')?;
        let (kind, team) = match head.split_once('@') {
            None => (head, None),
            Some((kind, team)) => (kind, Some(team.to_owned())),
        };
        Some(Self { kind: Kind::parse(kind)?, team, id: id.to_owned() })
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.team {
            None => write!(f, "{} {}", self.kind, self.id),
            Some(team) => write!(f, "{} {} (team {})", self.kind, self.id, team),
        }
    }
}

/// What a key is called on both sides of a job; shown as `connection x`, or `connection x (from y)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names<'a> {
    /// In the source.
    pub source: &'a SecretName,
    /// In the target.
    pub target: &'a SecretName,
}

impl<'a> Names<'a> {
    /// The names of a key that the source calls otherwise only where `from` says so.
    pub fn new(target: &'a SecretName, from: Option<&'a SecretName>) -> Self {
        Self { source: from.unwrap_or(target), target }
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)?;
        if self.source == self.target { Ok(()) } else { write!(f, " (from {})", self.source.id) }
    }
}

/// A store's spelling of a name; what a provider is asked for. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteKey(Arc<str>);

impl RemoteKey {
    /// Takes a spelling; `naming` and the providers' listings are what makes them.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RemoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a listing shall cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The kinds to list; a kind the store has switched off gives nothing.
    pub kinds: Vec<Kind>,
}
