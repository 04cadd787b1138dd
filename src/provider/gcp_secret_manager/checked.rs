//! A table checked: from text that may be wrong to settings that cannot be, or every fault at once.

use super::access::Access;
use super::client::Homes;
use super::rule::{PREFIXES, SEPARATOR, rule};
use super::settings::SecretManagerSettings;
use crate::naming::Rule;
use crate::naming::cloud::is_of_secret_manager;
use crate::provider::{PrefixSetting, SettingsFault};
use crate::settings::Faults;

/// Settings without a fault.
#[derive(Debug)]
pub(super) struct Checked {
    pub access: Access,
    pub rule: Rule,
    pub homes: Homes,
}

/// Checks a table.
pub(super) fn check(settings: &SecretManagerSettings) -> Result<Checked, Vec<SettingsFault>> {
    let mut faults = Faults(settings.kwargs.faults.clone());
    let access = settings.access().check(&mut faults);
    names(settings, &mut faults);
    let homes = homes(settings, &mut faults);
    if settings.keep_versions == Some(0) {
        let hint = "write 1 or more; 2 lets the last change be undone";
        faults.add("keep-versions", "a secret without a version holds nothing", hint);
    }
    match access {
        Some(access) if faults.0.is_empty() => Ok(Checked { access, rule: rule_of(settings), homes }),
        _ => Err(settings.kwargs.retold(faults.0)),
    }
}

/// The rule of a table, whether or not it has faults.
pub(super) fn rule_of(settings: &SecretManagerSettings) -> Rule {
    let [connections, variables, configs] = prefixes(settings).map(|(_, prefix)| prefix);
    let [own_connections, own_variables, own_configs] = PREFIXES;
    // Airflow takes nothing away from a prefix here, and so do we.
    let places = [
        connections.place(own_connections, str::to_owned),
        variables.place(own_variables, str::to_owned),
        configs.place(own_configs, str::to_owned),
    ];
    rule(places, separator(settings).to_owned(), settings.teams.unwrap_or_default().into())
}

/// The place of a table under any name: project as far as it is told, location, endpoint, and where each kind is written.
pub(super) fn identity(settings: &SecretManagerSettings) -> String {
    format!("gcp-secret-manager {} {}", settings.access().identity(), rule_of(settings).written())
}

fn prefixes(settings: &SecretManagerSettings) -> [(&'static str, &PrefixSetting); 3] {
    [
        ("connections-prefix", &settings.connections_prefix),
        ("variables-prefix", &settings.variables_prefix),
        ("config-prefix", &settings.config_prefix),
    ]
}

fn separator(settings: &SecretManagerSettings) -> &str {
    settings.sep.as_deref().unwrap_or(SEPARATOR)
}

fn names(settings: &SecretManagerSettings, faults: &mut Faults) {
    let texts = prefixes(settings).into_iter().filter_map(|(key, prefix)| match prefix {
        PrefixSetting::Prefix(text) => Some((key, text.as_str())),
        PrefixSetting::Default | PrefixSetting::Off => None,
    });
    for (key, text) in texts.chain([("sep", separator(settings))]) {
        if let Some(letter) = text.chars().find(|letter| !is_of_secret_manager(*letter)) {
            let problem = format!("{letter:?} is no letter of a secret's name");
            faults.add(key, problem, "write ASCII letters, digits, - and _");
        }
    }
}

/// Where new secrets are kept.
fn homes(settings: &SecretManagerSettings, faults: &mut Faults) -> Homes {
    let locations = settings.replication.clone().unwrap_or_default();
    if settings.replication.is_some() && locations.is_empty() {
        faults.add("replication", "the list of locations is empty", "leave it out to leave the locations to Google");
    }
    if let Some(location) = locations.iter().find(|location| !is_location(location)) {
        faults.add("replication", format!("{location:?} is no location"), "write it as in \"europe-west6\"");
    }
    if settings.location.is_some() && !locations.is_empty() {
        let problem = "a regional secret stays in its location";
        faults.add("replication", problem, "leave out replication, or location");
    }
    if let Some(key) = &settings.kms_key {
        check_key(key, settings.location.as_ref().or(locations.first()), faults);
        if locations.len() > 1 {
            let problem = "each location takes a key of its own, and there is one key";
            faults.add("kms-key", problem, "write one location in replication, or none");
        }
    }
    Homes { locations, kms_key: settings.kms_key.clone() }
}

/// Tells whether a text can be a location of Google's, such as `europe-west6` or `us`.
fn is_location(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    !text.is_empty() && text.chars().all(is_letter)
}

/// A key must lie where the secret does; without a location that is `global`.
fn check_key(name: &str, home: Option<&String>, faults: &mut Faults) {
    let home = home.map_or("global", String::as_str);
    match location_of_key(name) {
        Some(location) if location == home => {}
        Some(location) => {
            let problem = format!("the key is in {location}, and new secrets are in {home}");
            faults.add(
                "kms-key",
                problem,
                "Google takes a key of the secret's own location; of global, where it chooses",
            );
        }
        None => {
            let hint = "write projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>";
            faults.add("kms-key", "this is not the name of a Cloud KMS key", hint);
        }
    }
}

fn location_of_key(name: &str) -> Option<&str> {
    let segments: Vec<&str> = name.split('/').collect();
    let ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key] = segments[..] else {
        return None;
    };
    [project, location, ring, key].iter().all(|name| !name.is_empty()).then_some(location)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::settings::read_table;

    fn faults(table: &str) -> Vec<String> {
        let settings: SecretManagerSettings =
            read_table(format!("project = \"my-project\"\n{table}").parse().unwrap()).unwrap();
        check(&settings).err().unwrap_or_default().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn every_fault_of_a_table_is_found() {
        const KEY: &str = "projects/p/locations/europe-west6/keyRings/r/cryptoKeys/k";
        let rows = [
            (String::new(), vec![]),
            ("connections-prefix = \"\"\nsep = \"\"".to_owned(), vec![]),
            ("variables-prefix = false".to_owned(), vec![]),
            ("connections-prefix = \"airflow/connections\"".to_owned(), vec!["connections-prefix"]),
            ("sep = \"/\"\nkeep-versions = 0".to_owned(), vec!["sep", "keep-versions"]),
            ("replication = []".to_owned(), vec!["replication"]),
            ("replication = [\"europe-west6\"]".to_owned(), vec![]),
            ("replication = [\"Zurich!\"]".to_owned(), vec!["replication"]),
            ("replication = [\"europe-west6\"]\nlocation = \"europe-west6\"".to_owned(), vec!["replication"]),
            (format!("kms-key = \"{KEY}\""), vec!["kms-key"]),
            (format!("kms-key = \"{KEY}\"\nlocation = \"europe-west6\""), vec![]),
            (format!("kms-key = \"{KEY}\"\nreplication = [\"europe-west6\"]"), vec![]),
            (format!("kms-key = {:?}", KEY.replace("europe-west6", "global")), vec![]),
            ("kms-key = \"my-key\"".to_owned(), vec!["kms-key"]),
            (format!("kms-key = \"{KEY}\"\nreplication = [\"europe-west6\", \"us-east1\"]"), vec!["kms-key"]),
        ];
        for (table, expected) in rows {
            assert_eq!(faults(&table), expected, "{table}");
        }
    }
}
