//! A table checked: from text that may be wrong to settings that cannot be, or every fault at once.

use super::dialect;
use super::rule::{SEPARATOR, rule, tidy};
use super::settings::SecretsManagerSettings;
use crate::model::{Aliases, Family, Finding, Quota, Severity};
use crate::naming::Rule;
use crate::naming::aws::is_of_a_secret;
use crate::provider::aws::access::Access;
use crate::provider::aws::patterns::patterns;
use crate::provider::{PrefixSetting, SettingsFault};
use crate::settings::Faults;

/// Calls a second that AWS grants a region's account ("AWS Secrets Manager quotas", and its notices of 2022 and 2025).
const QUOTAS: [(Family, f64); 4] =
    [(Family::List, 100.0), (Family::Read, 100.0), (Family::Write, 50.0), (Family::Delete, 50.0)];

/// The days that a deleted secret is kept, unless the table says otherwise.
const RECOVERY_WINDOW: i64 = 30;
/// Settings without a fault.
#[derive(Debug)]
pub(super) struct Checked {
    pub access: Access,
    pub rule: Rule,
    pub recovery_window: i64,
}

/// Checks a table.
pub(super) fn check(settings: &SecretsManagerSettings) -> Result<Checked, Vec<SettingsFault>> {
    let mut faults = Faults(settings.kwargs.faults.clone());
    let access = settings.access().check(&QUOTAS.map(|(family, pace)| Quota::of(&[family], pace)), &mut faults);
    names(settings, &mut faults);
    let rule = rule_with(settings, &mut faults);
    words(settings, &mut faults);
    let recovery_window = window(settings, &mut faults);
    if settings.kms_key_id.as_deref() == Some("") {
        faults.add("kms-key-id", "the key's id is empty", "leave it out for AWS's own key, aws/secretsmanager");
    }
    match access {
        Some(access) if faults.0.is_empty() => Ok(Checked { access, rule, recovery_window }),
        _ => Err(settings.kwargs.retold(faults.0)),
    }
}

/// The rule of a table, whether or not it has faults.
pub(super) fn rule_of(settings: &SecretsManagerSettings) -> Rule {
    rule_with(settings, &mut Faults::default())
}

/// The place of a table under any name: region, endpoint, account as far as it is told, and where each kind is written.
pub(super) fn identity(settings: &SecretsManagerSettings) -> String {
    format!("aws-secrets-manager {} {}", settings.access().identity(), rule_of(settings).written())
}

/// What Airflow takes away from a prefix, and so do we.
pub(super) fn stripped(settings: &SecretsManagerSettings, store: &str) -> Vec<Finding> {
    let separator = separator(settings);
    let given = prefixes(settings).into_iter().filter_map(|(key, prefix)| Some((key, text(prefix)?)));
    let cut = given.filter(|(_, prefix)| tidy(prefix, separator) != *prefix);
    let said = cut.map(|(key, prefix)| {
        let message = format!("{key}: {prefix:?} is taken as {:?}, as Airflow does", tidy(prefix, separator));
        let finding = Finding::new(Severity::Info, "prefix-stripped", store, message);
        finding.with_remedy("write it without the separator at its end")
    });
    said.collect()
}

/// Words that stand for two fields.
pub(super) fn shared(settings: &SecretsManagerSettings, store: &str) -> Vec<Finding> {
    let aliases = dialect::aliases(settings);
    let said = aliases.shared().into_iter().map(|(word, owner, taker)| {
        let message =
            format!("extra-conn-words: {word:?} stands for {owner} and for {taker}; Airflow reads it into both");
        Finding::new(Severity::Warning, "words-shared", store, message).with_remedy("take it out of one of them")
    });
    said.collect()
}

fn rule_with(settings: &SecretsManagerSettings, faults: &mut Faults) -> Rule {
    let separator = separator(settings);
    let defaults = ["airflow/connections", "airflow/variables", "airflow/config"];
    let mut places = prefixes(settings).into_iter().zip(defaults);
    let places = [(); 3].map(|()| {
        let ((_, prefix), default) = places.next().expect("there are three kinds");
        prefix.place(default, |text| tidy(text, separator))
    });
    let texts = [
        settings.connections_lookup_pattern.as_deref(),
        settings.variables_lookup_pattern.as_deref(),
        settings.config_lookup_pattern.as_deref(),
    ];
    let teams = settings.teams.unwrap_or_default().into();
    rule(places, separator.to_owned(), teams, patterns(texts, faults))
}

fn prefixes(settings: &SecretsManagerSettings) -> [(&'static str, &PrefixSetting); 3] {
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

fn separator(settings: &SecretsManagerSettings) -> &str {
    settings.sep.as_deref().unwrap_or(SEPARATOR)
}

fn names(settings: &SecretsManagerSettings, faults: &mut Faults) {
    let texts = prefixes(settings).into_iter().filter_map(|(key, prefix)| Some((key, text(prefix)?)));
    for (key, text) in texts.chain([("sep", separator(settings))]) {
        if let Some(letter) = text.chars().find(|letter| !is_of_a_secret(*letter)) {
            let problem = format!("{:?} is no letter of a secret's name", letter);
            faults.add(key, problem, "write ASCII letters, digits and /_+=.@-");
        }
    }
}

fn words(settings: &SecretsManagerSettings, faults: &mut Faults) {
    for field in settings.extra_conn_words.keys().filter(|name| Aliases::field(name).is_none()) {
        let hint = format!("write one of {}", dialect::FIELDS);
        faults.add(&format!("extra-conn-words.{field}"), "a connection has no such field with words of its own", &hint);
    }
}

fn window(settings: &SecretsManagerSettings, faults: &mut Faults) -> i64 {
    let days = settings.recovery_window.unwrap_or(RECOVERY_WINDOW);
    if !(7..=30).contains(&days) {
        let problem = format!("AWS keeps a deleted secret for 7 to 30 days, not for {days}");
        faults.add("recovery-window", problem, "write a number of days from 7 to 30; nothing is ever deleted at once");
    }
    days
}
