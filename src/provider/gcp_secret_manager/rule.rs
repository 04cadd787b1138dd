//! How Secret Manager spells names, as the Airflow backend's keyword arguments say.

use super::entry::LONGEST_NAME;
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// What stands between a prefix and an id unless the table says otherwise.
pub(super) const SEPARATOR: &str = "-";
/// Airflow's own prefixes: of connections, variables, configs.
pub(super) const PREFIXES: [&str; 3] = ["airflow-connections", "airflow-variables", "airflow-config"];

/// Makes the rule of a store from the places of its kinds: connections, variables, configs.
pub(super) fn rule([connections, variables, configs]: [Place; 3], separator: String, teams: Teams) -> Rule {
    Rule {
        connections,
        variables,
        configs,
        separator: separator.into(),
        charset: Charset::SecretManager,
        folding: Folding::None,
        max_length: Some(LONGEST_NAME),
        teams,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}
