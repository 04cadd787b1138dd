//! Why a store cannot hold a name.

use crate::model::{Reason, RemoteKey, SecretName};

/// Why a store cannot hold a name, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The id is empty.
    #[error("a {} has an empty id; give it a name", name.kind)]
    Empty {
        /// The name.
        name: SecretName,
    },
    /// The store has this kind switched off.
    #[error("{name}: the store has {} switched off; give them a place or leave them out of the job's kinds", name.kind.plural())]
    KindOff {
        /// The name.
        name: SecretName,
    },
    /// The store has no place for keys of teams.
    #[error("{name}: the store, as it is configured, cannot keep it for the team alone; exclude it")]
    Team {
        /// The name.
        name: SecretName,
    },
    /// The mount is taken from the id, and the id holds none.
    #[error(
        "{name}: the mount is the id's first segment, but it holds no `{separator}`, so Airflow never finds it; set a mount or rename it"
    )]
    NoMount {
        /// The name.
        name: SecretName,
        /// What ends the mount.
        separator: String,
    },
    /// The id of nobody's key reads like a team's.
    #[error("{name}: Airflow does not look up an id with `{separator}` where teams have keys of their own; rename it")]
    LooksLikeTeam {
        /// The name.
        name: SecretName,
        /// What ends a team's folder.
        separator: String,
    },
    /// A segment of the path is empty, `.` or `..`.
    #[error("{name}: `{}` has an empty, `.` or `..` segment, which HTTP clients drop; rename it", key.escape_debug())]
    Segment {
        /// The name.
        name: SecretName,
        /// The key it would have.
        key: String,
    },
    /// The id cannot stand in the name of a variable, or before the `=` of a line.
    #[error("{} \"{}\": it has a character that no line of the file can carry in a name; rename it", name.kind, name.id.escape_debug())]
    NoVariable {
        /// The name.
        name: SecretName,
    },
    /// The name holds a control character.
    #[error("{} \"{}\": it holds a control character; rename it", name.kind, name.id.escape_debug())]
    Control {
        /// The name.
        name: SecretName,
    },
    /// The key has a character that the store's names cannot have.
    #[error("{} \"{}\": {store} takes {allowed} in a name, not {found:?}; rename it", name.kind, name.id.escape_debug())]
    Character {
        /// The name.
        name: SecretName,
        /// The store's own name.
        store: &'static str,
        /// What it takes, in words.
        allowed: &'static str,
        /// The first character it does not take.
        found: char,
    },
    /// A segment of the key is empty.
    #[error("{name}: `{}` has an empty level between slashes, which {store} refuses; rename it", key.escape_debug())]
    EmptyLevel {
        /// The name.
        name: SecretName,
        /// The key it would have.
        key: String,
        /// The store's own name.
        store: &'static str,
    },
    /// The key lies too deep.
    #[error("{name}: its key would have {levels} levels, {store} takes {limit}; shorten the prefix or rename it")]
    TooDeep {
        /// The name.
        name: SecretName,
        /// The store's own name.
        store: &'static str,
        /// The levels it would have.
        levels: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The key begins as only the store's owner may begin one.
    #[error("{name}: its key would begin with `{word}`, which {store} keeps for itself; choose another prefix")]
    Reserved {
        /// The name.
        name: SecretName,
        /// The store's own name.
        store: &'static str,
        /// The reserved beginning.
        word: &'static str,
    },
    /// Airflow never looks the id up.
    #[error("{name}: Airflow never looks it up, for the lookup pattern `{}` does not match; widen the pattern or exclude it", pattern.escape_debug())]
    Unreachable {
        /// The name.
        name: SecretName,
        /// The pattern.
        pattern: String,
    },
    /// The key is too long.
    #[error("{name}: the key would have {length} bytes, the store takes {limit}; shorten the id or the prefix")]
    TooLong {
        /// The name.
        name: SecretName,
        /// The key's length in bytes.
        length: usize,
        /// The store's limit in bytes.
        limit: usize,
    },
    /// The key would be read back as another name, or as none.
    #[error("{name}: its key `{key}` would be read as {}; rename it or change the prefixes", read_as(reads_as.as_deref()))]
    Ambiguous {
        /// The name.
        name: SecretName,
        /// The key it would have.
        key: RemoteKey,
        /// What the key means instead.
        reads_as: Option<Box<SecretName>>,
    },
}

impl NameError {
    /// The name that cannot be held.
    pub fn name(&self) -> &SecretName {
        match self {
            Self::Empty { name }
            | Self::KindOff { name }
            | Self::Team { name }
            | Self::NoMount { name, .. }
            | Self::LooksLikeTeam { name, .. }
            | Self::Segment { name, .. }
            | Self::NoVariable { name }
            | Self::Control { name }
            | Self::Character { name, .. }
            | Self::EmptyLevel { name, .. }
            | Self::TooDeep { name, .. }
            | Self::Reserved { name, .. }
            | Self::Unreachable { name, .. }
            | Self::TooLong { name, .. }
            | Self::Ambiguous { name, .. } => name,
        }
    }

    /// The reason under which a plan blocks the key.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Team { .. } => Reason::TeamUnsupported,
            Self::Unreachable { .. } => Reason::Unreachable,
            _ => Reason::IllegalName,
        }
    }
}

fn read_as(name: Option<&SecretName>) -> String {
    name.map_or_else(|| "no name at all".to_owned(), SecretName::to_string)
}
