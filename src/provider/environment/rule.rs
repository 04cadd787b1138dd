//! How a key is spelled: the name of the variable, which is the kind's prefix and the id in upper case.

use super::settings::{EnvDialect, TeamKeys};
use crate::model::{Kind, RemoteKey};
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// What the names of our variables start with.
pub const PREFIXES: [&str; 2] = ["AIRFLOW_CONN_", "AIRFLOW_VAR_"];

/// Far beyond any id, and with the largest value within what Linux hands to a process.
const MAX_NAME: usize = 1000;

/// Makes the rule; `dialect` is the file's, `None` for the process.
pub fn rule(dialect: Option<EnvDialect>, teams: TeamKeys) -> Rule {
    Rule {
        connections: Place::prefix("AIRFLOW_CONN"),
        variables: Place::prefix("AIRFLOW_VAR"),
        configs: Place::Off,
        separator: "_".into(),
        charset: match dialect {
            None => Charset::Any,
            Some(EnvDialect::Plain) => Charset::Word,
            Some(EnvDialect::Compose) => Charset::Dotenv,
        },
        folding: Folding::Upper,
        max_length: Some(MAX_NAME),
        teams: match teams {
            TeamKeys::Unsupported => Teams::Unsupported,
            TeamKeys::Underscores => Teams::Underscores,
        },
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

/// The kind a variable is of; `None` for one that is not ours.
pub fn kind(name: &str) -> Option<Kind> {
    match PREFIXES.into_iter().find(|prefix| name.len() > prefix.len() && name.starts_with(prefix))? {
        "AIRFLOW_CONN_" => Some(Kind::Connection),
        _ => Some(Kind::Variable),
    }
}

/// Spells a key.
pub fn key(name: &str) -> RemoteKey {
    RemoteKey::new(name)
}
