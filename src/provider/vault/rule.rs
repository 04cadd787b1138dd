//! How Vault spells names, as the Airflow backend's keyword arguments say.

use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// The version of a KV engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KvVersion {
    /// A plain map a key: no versions, no marks.
    One,
    /// Versions, compare-and-set, soft deletes, custom metadata.
    Two,
}

impl KvVersion {
    /// Reads Vault's own word; `None` for any other.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::One),
            "2" => Some(Self::Two),
            _ => None,
        }
    }

    /// The number, as `kv-version` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }
}

/// Makes the rule of a store from the places of its kinds: connections, variables, configs.
pub(super) fn rule([connections, variables, configs]: [Place; 3], teams: Teams, mount: Mount) -> Rule {
    Rule {
        connections,
        variables,
        configs,
        separator: "/".into(),
        charset: Charset::Path,
        folding: Folding::None,
        max_length: None,
        teams,
        mount,
        patterns: LookupPatterns::default(),
    }
}
