//! What Airflow would take each sensitive option for: its variable first, then the file; a command or a secret where neither is.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::options::{SENSITIVE, variable};
use crate::model::{Finding, SecretValue, Severity};
use crate::provider::file::{Document, Found};
use crate::reference::ReferenceError;

/// What sets options: the variables of a process and a file, each where it is read.
pub struct Sources<'a> {
    /// The variables, by name.
    pub variables: &'a BTreeMap<String, Result<SecretValue, ReferenceError>>,
    /// The file.
    pub file: Option<&'a dyn Document>,
}

/// What an option is set to.
pub enum Setting {
    /// Not at all, or to nothing.
    Unset,
    /// To this text.
    Value(Zeroizing<String>),
    /// To something that cannot be known or understood; said in words.
    Unreadable(String),
    /// To a secret of a backend already.
    InBackend,
}

const COMMAND: &str = "it is what a command prints (`_cmd`), and no command is run here";
const EXPANDED: &str =
    "Airflow fills in `$NAME` and `~` from its own environment; write the value itself into the file";

impl Sources<'_> {
    /// Looks an option up in Airflow's order.
    pub fn setting(&self, section: &str, option: &str) -> Setting {
        let name = variable(section, option);
        if let Some(value) = self.variables.get(&name) {
            return match value {
                Ok(value) => known(value.expose()),
                Err(error) => Setting::Unreadable(error.to_string()),
            };
        }
        if self.variables.contains_key(&format!("{name}_CMD")) {
            return Setting::Unreadable(COMMAND.to_owned());
        }
        if self.variables.contains_key(&format!("{name}_SECRET")) {
            return Setting::InBackend;
        }
        let in_file = |suffix: &str| self.file.and_then(|file| file.find(&format!("{section}.{option}{suffix}")));
        match (in_file(""), in_file("_cmd"), in_file("_secret")) {
            (Some(Found::Value(text)), ..) => known(text),
            (Some(Found::Unreadable(why)), ..) => Setting::Unreadable(why.to_owned()),
            (Some(Found::Several(_)), ..) => Setting::Unreadable("it is set more than once".to_owned()),
            (None, Some(_), _) => Setting::Unreadable(COMMAND.to_owned()),
            (None, None, Some(_)) => Setting::InBackend,
            (None, None, None) => Setting::Unset,
        }
    }

    /// What is worth saying of an option, whose config is called `name`.
    pub fn finding(&self, section: &str, option: &str, name: &str) -> Option<Finding> {
        let subject = format!("{section}.{option}");
        let made = |severity, code, message: String| Finding::new(severity, code, &subject, message);
        let is_shadowed = self.file.and_then(|file| file.find(&subject)).is_some();
        match self.setting(section, option) {
            Setting::Unset => None,
            Setting::InBackend => Some(made(
                Severity::Info,
                "already-in-backend",
                "Airflow takes it from its secrets backend already, so it is left out".to_owned(),
            )),
            Setting::Unreadable(why) => {
                let finding = made(Severity::Warning, "option-unreadable", format!("{why}; config {name}"));
                Some(finding.with_remedy(format!("put the value into the target by hand, and add {name} to accept")))
            }
            Setting::Value(_) if !SENSITIVE.contains(&(section, option)) => Some(made(
                Severity::Info,
                "perhaps-not-asked-for",
                "Airflow asks its backend only for options that it or a provider marks as sensitive".to_owned(),
            )),
            Setting::Value(_) if is_shadowed && self.variables.contains_key(&variable(section, option)) => Some(made(
                Severity::Info,
                "shadowed",
                format!("{} goes before the file, for Airflow as for us", variable(section, option)),
            )),
            Setting::Value(_) => None,
        }
    }
}

/// A text that is what Airflow sees, unless Airflow would expand it.
fn known(text: &str) -> Setting {
    match text {
        "" => Setting::Unset,
        _ if is_expanded(text) => Setting::Unreadable(EXPANDED.to_owned()),
        _ => Setting::Value(Zeroizing::new(text.to_owned())),
    }
}

/// Whether `os.path.expandvars` or `expanduser` may change a text.
fn is_expanded(text: &str) -> bool {
    let names = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || matches!(next, '_' | '{'));
    text.starts_with('~') || text.match_indices('$').any(|(place, _)| names(&text[place + 1..]))
}
