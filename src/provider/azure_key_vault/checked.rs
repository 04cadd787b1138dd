//! A table checked: from text that may be wrong to settings that cannot be, or every fault at once.

use super::access::Access;
use super::entry::LONGEST_CONTENT_TYPE;
use super::rule::{SEPARATOR, rule, tidy};
use super::settings::KeyVaultSettings;
use crate::model::{Finding, Severity};
use crate::naming::Rule;
use crate::provider::{PrefixSetting, SettingsFault};
use crate::settings::Faults;

const DEFAULTS: [&str; 3] = ["airflow-connections", "airflow-variables", "airflow-config"];

/// Settings without a fault.
#[derive(Debug)]
pub(super) struct Checked {
    pub access: Access,
    pub rule: Rule,
}

/// Checks a table.
pub(super) fn check(settings: &KeyVaultSettings) -> Result<Checked, Vec<SettingsFault>> {
    let mut faults = Faults(settings.kwargs.faults.clone());
    let access = settings.access().check(&mut faults);
    names(settings, &mut faults);
    let content_type = settings.content_type.as_deref().unwrap_or_default();
    if content_type.chars().count() > LONGEST_CONTENT_TYPE || content_type.contains(char::is_control) {
        let problem = format!("a content type is one line of up to {LONGEST_CONTENT_TYPE} characters");
        faults.add("content-type", problem, "write it as in \"text/plain\", or leave it out");
    }
    match access {
        Some(access) if faults.0.is_empty() => Ok(Checked { access, rule: rule_of(settings) }),
        _ => Err(settings.kwargs.retold(faults.0)),
    }
}

/// The rule of a table, whether or not it has faults.
pub(super) fn rule_of(settings: &KeyVaultSettings) -> Rule {
    let separator = separator(settings);
    let mut places = prefixes(settings).into_iter().zip(DEFAULTS);
    let places = [(); 3].map(|()| {
        let ((_, prefix), default) = places.next().expect("there are three kinds");
        prefix.place(&tidy(default, separator), |text| tidy(text, separator))
    });
    rule(places, separator.to_owned(), settings.teams.unwrap_or_default().into())
}

/// The place of a table under any name: the vault, and where each kind is written.
pub(super) fn identity(settings: &KeyVaultSettings) -> String {
    format!("azure-key-vault {} {}", settings.access().identity(), rule_of(settings).written())
}

/// What Airflow makes of a prefix, and so do we.
pub(super) fn tidied(settings: &KeyVaultSettings, store: &str) -> Vec<Finding> {
    let separator = separator(settings);
    let given = prefixes(settings).into_iter().filter_map(|(key, prefix)| Some((key, text(prefix)?)));
    let changed = given.filter(|(_, prefix)| tidy(prefix, separator) != *prefix);
    let said = changed.map(|(key, prefix)| {
        let taken = tidy(prefix, separator);
        let message = format!("{key}: {prefix:?} is taken as {taken:?}, as Airflow does");
        Finding::new(Severity::Info, "prefix-tidied", store, message).with_remedy(format!("write {key} = {taken:?}"))
    });
    said.collect()
}

fn prefixes(settings: &KeyVaultSettings) -> [(&'static str, &PrefixSetting); 3] {
    [
        ("connections-prefix", &settings.connections_prefix),
        ("variables-prefix", &settings.variables_prefix),
        ("config-prefix", &settings.config_prefix),
    ]
}

fn text(prefix: &PrefixSetting) -> Option<&str> {
    match prefix {
        PrefixSetting::Prefix(text) => Some(text),
        PrefixSetting::Default | PrefixSetting::Off => None,
    }
}

fn separator(settings: &KeyVaultSettings) -> &str {
    settings.sep.as_deref().unwrap_or(SEPARATOR)
}

fn names(settings: &KeyVaultSettings, faults: &mut Faults) {
    let stray = |text: &str, taken: &str| {
        text.chars().find(|letter| !letter.is_ascii_alphanumeric() && !taken.contains(*letter))
    };
    for (key, text) in prefixes(settings).into_iter().filter_map(|(key, prefix)| Some((key, text(prefix)?))) {
        if let Some(letter) = stray(text, "-_") {
            let problem = format!("{letter:?} is no letter of a secret's name in Key Vault");
            faults.add(key, problem, "write ASCII letters, digits and hyphens");
        }
    }
    if let Some(letter) = stray(separator(settings), "-") {
        let problem = format!("with {letter:?} in it Airflow would find no secret: Key Vault takes no such name");
        faults.add("sep", problem, "write \"-\", or leave it out");
    }
}
