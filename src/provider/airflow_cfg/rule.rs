//! How a key is spelled: `config/` and the name that the config was given.

use crate::model::RemoteKey;
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

const PREFIX: &str = "config";

/// Makes the rule.
pub fn rule() -> Rule {
    Rule {
        connections: Place::Off,
        variables: Place::Off,
        configs: Place::prefix(PREFIX),
        separator: "/".into(),
        charset: Charset::Any,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Unsupported,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

/// Spells a key.
pub fn key(name: &str) -> RemoteKey {
    RemoteKey::new(format!("{PREFIX}/{name}"))
}
