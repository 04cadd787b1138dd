//! How a vault spells names, as the Airflow backend's keyword arguments say.

use super::entry::LONGEST_NAME;
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// What stands between a prefix and an id unless the table says otherwise.
pub(super) const SEPARATOR: &str = "-";

/// Makes the rule of a store from the places of its kinds: connections, variables, configs.
pub(super) fn rule([connections, variables, configs]: [Place; 3], separator: String, teams: Teams) -> Rule {
    Rule {
        connections,
        variables,
        configs,
        separator: separator.into(),
        charset: Charset::KeyVault,
        folding: Folding::KeyVault,
        max_length: Some(LONGEST_NAME),
        teams,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

/// A prefix as Airflow takes it: `rstrip(sep)` takes away every trailing character that is one of the separator's, and in the
/// whole name every `_` becomes the separator.
pub(super) fn tidy(prefix: &str, separator: &str) -> String {
    prefix.trim_end_matches(|letter| separator.contains(letter)).replace('_', separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_what_airflow_makes_of_it() {
        let rows = [
            ("airflow-connections", "-", "airflow-connections"),
            ("airflow_connections", "-", "airflow-connections"),
            ("airflow-connections--", "-", "airflow-connections"),
            ("airflow_", "-", "airflow-"),
            ("-", "-", ""),
            ("a_b", "--", "a--b"),
            ("a_b-", "", "ab-"),
        ];
        for (prefix, separator, expected) in rows {
            assert_eq!(tidy(prefix, separator), expected, "{prefix} {separator}");
        }
    }
}
