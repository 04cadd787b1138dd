//! Which abilities, names and readers a store in memory has.

use std::time::Duration;

use crate::model::{
    Capabilities, Compare, ConnectionDialect, Deletes, Dialect, Listing, MarkCharset, MarkRule, RemoteKey, Revisions,
    Scope, Tariff, TextDialect,
};
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// The shape of a store in memory; the default can do everything a store can.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryShape {
    /// What it can do; every field is honoured but `width` and `listing_lag`, which are only stated (see
    /// [`MemoryProvider::lag`](super::MemoryProvider::lag)).
    pub capabilities: Capabilities,
    /// How values are read.
    pub dialect: Dialect,
    /// How names are spelled.
    pub rule: Rule,
}

impl Default for MemoryShape {
    fn default() -> Self {
        Self {
            capabilities: Capabilities {
                write: true,
                revisions: Revisions::Listing,
                compare: Compare::Set,
                deletes: Deletes::Recoverable,
                history: true,
                marks: Some(MarkRule { max_value: 512, charset: MarkCharset::Any }),
                read_batch: 10,
                width: 8,
                max_value: None,
                empty_values: true,
                double_braces: true,
                listing_lag: Duration::ZERO,
                listing: Listing::Full,
                tariff: Tariff::NONE,
            },
            dialect: Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim },
            rule: Rule {
                connections: Place::prefix("connections"),
                variables: Place::prefix("variables"),
                configs: Place::prefix("config"),
                separator: "/".into(),
                charset: Charset::Path,
                folding: Folding::None,
                max_length: None,
                teams: Teams::Unsupported,
                mount: Mount::Fixed,
                patterns: LookupPatterns::default(),
            },
        }
    }
}

impl MemoryShape {
    /// Tells whether a key lies under a prefix of one of the kinds in `scope`.
    pub(super) fn holds(&self, scope: &Scope, key: &RemoteKey) -> bool {
        let mut prefixes = scope.kinds.iter().flat_map(|kind| self.rule.place(*kind).prefixes());
        prefixes.any(|prefix| {
            let rest = key.as_str().strip_prefix(prefix.as_str());
            let beside = |rest: &str| self.rule.teams == Teams::Beside && rest.starts_with('@');
            rest.is_some_and(|rest| prefix.is_empty() || rest.starts_with(&*self.rule.separator) || beside(rest))
        })
    }
}
