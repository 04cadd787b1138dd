//! How Parameter Store spells names, as the Airflow backend's keyword arguments say.

use std::borrow::Cow;

use crate::model::Kind;
use crate::naming::aws::{MAX_LEVELS, is_of_a_parameter, levels, reserved};
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// AWS counts a name's whole ARN.
const LONGEST_ARN: usize = 1011;
/// Stands for the longest region there is, where none is known yet.
const SOME_REGION: &str = "ap-southeast-99";
const SOME_ACCOUNT: &str = "123456789012";

/// Makes the rule of a store from the places of its kinds (connections, variables, configs).
pub(super) fn rule(
    [connections, variables, configs]: [Place; 3],
    patterns: LookupPatterns,
    teams: Teams,
    region: Option<&str>,
) -> Rule {
    Rule {
        connections,
        variables,
        configs,
        separator: Cow::Borrowed("/"),
        charset: Charset::AwsParameter,
        folding: Folding::None,
        max_length: Some(longest_name(region)),
        teams,
        mount: Mount::Fixed,
        patterns,
    }
}

/// A prefix as Airflow uses it: without slashes at its end, and with one in front, which it adds; `""` stays the bare id.
pub(super) fn spelled(prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() || prefix.starts_with('/') { prefix.to_owned() } else { format!("/{prefix}") }
}

/// What AWS would refuse in a prefix, if anything.
pub(super) fn fault(prefix: &str) -> Option<&'static str> {
    if prefix.is_empty() {
        return None;
    }
    if !prefix.chars().all(is_of_a_parameter) {
        return Some("it has a character that AWS does not take: only ASCII letters, digits and _.-/");
    }
    if levels(prefix).any(str::is_empty) {
        return Some("it has an empty level between slashes");
    }
    // The last level is left for the id.
    if levels(prefix).count() >= MAX_LEVELS {
        return Some("it has more than 14 levels, and a name has 15 at most");
    }
    reserved(prefix).is_some().then_some("it begins with aws or ssm, which AWS keeps for itself")
}

/// The paths below which keys of these kinds lie, none of them below another.
pub(super) fn paths(rule: &Rule, kinds: &[Kind]) -> Vec<String> {
    let prefixes = kinds.iter().flat_map(|kind| rule.place(*kind).prefixes());
    let mut paths: Vec<String> = prefixes.map(|prefix| format!("{prefix}/")).collect();
    paths.sort_unstable();
    paths.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
    let path = |path: String| if path.len() == 1 { path } else { path.trim_end_matches('/').to_owned() };
    paths.into_iter().map(path).collect()
}

/// The longest name in a region, its first slash included.
fn longest_name(region: Option<&str>) -> usize {
    let region = region.unwrap_or(SOME_REGION);
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    LONGEST_ARN - format!("arn:{partition}:ssm:{region}:{SOME_ACCOUNT}:parameter").len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_counts_into_the_length() {
        // The API reference: 45 characters before the name in us-east-2, the first slash among them.
        assert_eq!(longest_name(Some("us-east-2")), 1011 - 44);
        assert_eq!(longest_name(Some("cn-north-1")), 1011 - 48);
        assert_eq!(longest_name(Some("us-gov-west-1")), 1011 - 55);
        assert!(longest_name(None) <= longest_name(Some("ap-southeast-2")));
    }

    #[test]
    fn a_prefix_is_spelled_as_airflow_does() {
        let rows = [
            ("/airflow/connections", "/airflow/connections"),
            ("airflow/connections", "/airflow/connections"),
            ("/airflow/connections//", "/airflow/connections"),
            ("/", ""),
            ("", ""),
        ];
        for (given, used) in rows {
            assert_eq!(spelled(given), used, "{given}");
        }
    }

    #[test]
    fn no_path_is_listed_twice() {
        let places = |prefixes: [&str; 3]| prefixes.map(Place::prefix);
        let rows = [
            (
                ["/airflow/connections", "/airflow/variables", "/airflow/config"],
                vec!["/airflow/config", "/airflow/connections", "/airflow/variables"],
            ),
            (["/airflow", "/airflow/variables", "/airflow-too"], vec!["/airflow-too", "/airflow"]),
            (["/same", "/same", "/same"], vec!["/same"]),
            (["", "/airflow", "/b"], vec!["/"]),
        ];
        for (prefixes, expected) in rows {
            let rule = rule(places(prefixes), LookupPatterns::default(), Teams::Unsupported, None);
            assert_eq!(paths(&rule, &Kind::ALL), expected, "{prefixes:?}");
        }
    }
}
