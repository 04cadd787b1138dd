//! How a key is spelled: the kind's word, a slash, and the id as it stands in that kind's file.

use crate::model::{Kind, RemoteKey};
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// The word before the slash.
pub fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Connection => "connections",
        Kind::Variable => "variables",
        Kind::Config => "config",
    }
}

/// Makes the rule of a store that has a file for each of `kinds`, none of which can hold another id than `charset` says.
pub fn rule(kinds: &[Kind], charset: Charset) -> Rule {
    let place = |kind| if kinds.contains(&kind) { Place::prefix(prefix(kind)) } else { Place::Off };
    Rule {
        connections: place(Kind::Connection),
        variables: place(Kind::Variable),
        configs: place(Kind::Config),
        separator: "/".into(),
        charset,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Unsupported,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

/// Spells a key.
pub fn key(kind: Kind, id: &str) -> RemoteKey {
    RemoteKey::new(format!("{}/{id}", prefix(kind)))
}

/// Takes a key apart; `None` where it is not spelled by this rule.
pub fn parts(key: &RemoteKey) -> Option<(Kind, &str)> {
    let (word, id) = key.as_str().split_once('/')?;
    let kind = Kind::ALL.into_iter().find(|kind| prefix(*kind) == word)?;
    (!id.is_empty()).then_some((kind, id))
}
