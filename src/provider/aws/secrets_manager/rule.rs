//! How Secrets Manager spells names, as the Airflow backend's keyword arguments say.

use super::entry::LONGEST_NAME;
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// What stands between a prefix and an id unless the table says otherwise.
pub(super) const SEPARATOR: &str = "/";

/// Makes the rule of a store from the places of its kinds: connections, variables, configs.
pub(super) fn rule(
    [connections, variables, configs]: [Place; 3],
    separator: String,
    teams: Teams,
    patterns: LookupPatterns,
) -> Rule {
    Rule {
        connections,
        variables,
        configs,
        separator: separator.into(),
        charset: Charset::AwsSecret,
        folding: Folding::None,
        max_length: Some(LONGEST_NAME),
        teams,
        mount: Mount::Fixed,
        patterns,
    }
}

/// A prefix as Airflow takes it: `rstrip(sep)` takes away every trailing character that is one of the separator's. No slash
/// is put in front.
pub(super) fn tidy(prefix: &str, separator: &str) -> String {
    prefix.trim_end_matches(|letter| separator.contains(letter)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verified with Python 3.11: `prefix.rstrip(sep)`.
    #[test]
    fn a_prefix_is_stripped_as_python_does_it() {
        let rows = [
            ("airflow/connections", "/", "airflow/connections"),
            ("airflow/connections//", "/", "airflow/connections"),
            ("/airflow/", "/", "/airflow"),
            ("/", "/", ""),
            ("airflow-_-", "_-", "airflow"),
            ("airflow/", "--", "airflow/"),
            ("airflow/", "", "airflow/"),
        ];
        for (prefix, separator, expected) in rows {
            assert_eq!(tidy(prefix, separator), expected, "{prefix} {separator}");
        }
    }
}
