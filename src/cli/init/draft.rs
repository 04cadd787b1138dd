//! The config that Airflow's settings make: references to them, and what else a person has to know.

use super::options::{Options, Origin};
use crate::model::Kind;
use crate::naming::Place;
use crate::provider::registry::{KINDS, StoreKind};
use crate::provider::{BackendKwargs, StoreSettings};

const URLS: [&str; 2] = ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN"];
const FERNET_KEY: &str = "AIRFLOW__CORE__FERNET_KEY";
const BACKEND: &str = "AIRFLOW__SECRETS__BACKEND";
/// The kind of store that no argument of Airflow's describes.
const ENVIRONMENT: &str = "environment";
const KWARGS: &str = "AIRFLOW__SECRETS__BACKEND_KWARGS";
/// Settings that change where Airflow looks, and that nothing here reads.
const STRANGE: [(&str, &str); 5] = [
    ("AIRFLOW__WORKERS__SECRETS_BACKEND", "workers look elsewhere than the server: give that place a store of its own"),
    ("AIRFLOW__SECRETS__BACKENDS_ORDER", "secretferry always takes the order custom, environment, metastore"),
    ("AIRFLOW__DATABASE__SQL_ALCHEMY_SCHEMA", "set `schema` of the store airflow to it"),
    ("AIRFLOW__CORE__MULTI_TEAM", "teams: set `teams` of the target, if its kind has the key"),
    (
        "AIRFLOW__SECRETS__BACKEND_KWARG__",
        "single arguments: put them into backend_kwargs, or into the store's own keys",
    ),
];

/// Writes a config, and says what was not understood. No value of the settings stands in either.
pub(super) fn draft(options: &Options) -> (String, Vec<String>) {
    let mut draft = Draft { options, lines: Vec::new(), notes: Vec::new() };
    draft.head();
    draft.metastore();
    let target = draft.target();
    draft.job(target.as_ref());
    draft.strangers();
    if !draft.notes.is_empty() {
        draft.lines.push("\n# Not understood:".to_owned());
        let notes: Vec<_> = draft.notes.iter().map(|note| format!("# - {note}")).collect();
        draft.lines.extend(notes);
    }
    (draft.lines.iter().map(|line| format!("{line}\n")).collect(), draft.notes)
}

/// What a metastore holds.
const CARRIED: [Kind; 2] = [Kind::Connection, Kind::Variable];

/// The store that Airflow reads, and what it looks for there.
struct Target {
    name: &'static str,
    kinds: Vec<Kind>,
}

struct Draft<'a> {
    options: &'a Options,
    lines: Vec<String>,
    notes: Vec<String>,
}

impl Draft<'_> {
    fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn head(&mut self) {
        let (from, how) = match &self.options.origin {
            Origin::Cfg(path) => (
                format!("{}", path.display()),
                "# The variables below have to be set where secretferry runs. Airflow itself tells what they hold:",
            ),
            Origin::Dockerfile(path) => {
                (format!("{}", path.display()), "# The variables below are set in containers of that image.")
            }
            Origin::EnvFile(path) => {
                (format!("{}", path.display()), "# The variables below are set by that file: `set -a; . FILE; set +a`.")
            }
            Origin::Environment => ("the AIRFLOW__ variables".to_owned(), "# Run secretferry where they are set."),
        };
        self.line(format!("# Made by `secretferry init` from {from}. Nothing in it is a secret."));
        self.line(how);
        if matches!(self.options.origin, Origin::Cfg(_)) {
            self.exports();
        }
        self.line(
            "\n[ledger]                                        # what was written, and the audit log; never a value",
        );
        self.line("url = \"sqlite://secretferry.db\"");
    }

    /// How the options that are there become variables.
    fn exports(&mut self) {
        for name in [self.url(), FERNET_KEY, KWARGS] {
            let option = name.to_lowercase();
            let parts = option.strip_prefix("airflow__").and_then(|option| option.split_once("__"));
            if let (Some((section, key)), Some(_)) = (parts, self.options.value(name)) {
                self.line(format!("#   export {name}=\"$(airflow config get-value {section} {key})\""));
            }
        }
    }

    fn url(&self) -> &'static str {
        URLS.into_iter().find(|name| self.options.value(name).is_some()).unwrap_or(URLS[0])
    }

    fn metastore(&mut self) {
        self.line("\n[stores.airflow]                                # the metastore; only ever read");
        self.line("kind = \"airflow-metastore\"");
        let url = self.url();
        self.reference("url", url);
        let scheme = self.options.value(url).and_then(|url| url.expose().split([':', '+']).next().map(str::to_owned));
        if let Some(scheme @ ("mysql" | "mssql")) = scheme.as_deref() {
            self.notes.push(format!("{url}: a metastore on {scheme} is not built yet"));
        }
        self.reference("fernet-key", FERNET_KEY);
    }

    /// A reference to a setting, with a word on how Airflow comes by it.
    fn reference(&mut self, key: &str, name: &str) {
        let line = format!("{key} = {{ env = \"{name}\" }}");
        if self.options.value(name).is_some() {
            return self.line(line);
        }
        let indirect = [("_CMD", "from a command"), ("_SECRET", "from the secrets backend")];
        let way = indirect.into_iter().find(|(end, _)| self.options.value(&format!("{name}{end}")).is_some());
        let why = match way {
            Some((end, way)) => format!("Airflow gets it {way} ({name}{end}); set the variable to what that gives"),
            None => "it was not found; set the variable, or take the line out where Airflow has none".to_owned(),
        };
        self.notes.push(format!("{name}: {why}"));
        self.line(format!("{line}   # {why}"));
    }

    /// The store that Airflow's secrets backend reads, if it can be had.
    fn target(&mut self) -> Option<Target> {
        let Some(class) = self.options.value(BACKEND).map(|class| class.expose().trim().to_owned()) else {
            self.line(
                "\n# Airflow has no secrets backend yet: `secretferry init` without more shows tables of stores.",
            );
            return None;
        };
        let Some(kind) = KINDS.iter().find(|kind| kind.backend == Some(class.as_str())) else {
            self.notes.push(format!("{BACKEND}: no kind of store is read by that class"));
            return None;
        };
        if !kind.is_built() {
            self.notes.push(format!("{BACKEND}: the kind {} is not built yet", kind.word));
            return None;
        }
        if kind.word == ENVIRONMENT {
            self.notes.push(format!(
                "{BACKEND}: Airflow asks its environment by itself; for a .env file see kind = \"{ENVIRONMENT}\""
            ));
            return None;
        }
        self.line(format!("\n[stores.{}]                                  # what {class} reads", kind.word));
        self.line(format!("kind = \"{}\"", kind.word));
        Some(Target { name: kind.word, kinds: self.kwargs(kind) })
    }

    /// The arguments of Airflow's backend; gives the kinds of the metastore's secrets that it looks for.
    fn kwargs(&mut self, kind: &StoreKind) -> Vec<Kind> {
        let Some(text) = self.options.value(KWARGS) else {
            self.reference("# backend-kwargs", KWARGS);
            return CARRIED.to_vec();
        };
        match BackendKwargs::Text(text.clone()).read() {
            Ok(kwargs) => self.line(format!("# they say: {}", kwargs.left().join(", "))),
            Err(_) => self.notes.push(format!("{KWARGS}: it is no JSON object, and Airflow goes on without it")),
        }
        let settings = understood(kind, text.expose());
        let remarks = settings.iter().flat_map(|settings| settings.remarks(kind.word));
        self.notes.extend(remarks.filter(|finding| finding.code == "kwarg-ignored").map(|finding| finding.message));
        self.line(format!("backend-kwargs = {{ env = \"{KWARGS}\" }}"));
        self.line("# What Airflow logs in with may only read; a key of this table wins over theirs, such as `auth` for Vault.");
        let rule = settings.map(|settings| settings.rule());
        let is_on = |kind: &Kind| rule.as_ref().is_none_or(|rule| *rule.place(*kind) != Place::Off);
        CARRIED.into_iter().filter(is_on).collect()
    }

    fn job(&mut self, target: Option<&Target>) {
        let (off, target, kinds) = match target {
            Some(target) => ("", target.name, target.kinds.as_slice()),
            None => ("# ", "STORE", CARRIED.as_slice()),
        };
        let kinds: Vec<_> = kinds.iter().map(|kind| format!("\"{}\"", kind.plural())).collect();
        self.line("");
        for line in [
            format!("[jobs.metastore-to-{target}]"),
            "source = \"airflow\"".to_owned(),
            format!("target = \"{target}\""),
            format!("kinds = [{}]", kinds.join(", ")),
            "exclude = [\"*_default\"]                         # the examples that every new Airflow has".to_owned(),
        ] {
            self.line(format!("{off}{line}"));
        }
    }

    fn strangers(&mut self) {
        for number in &self.options.unread {
            self.notes.push(format!("line {number}"));
        }
        for (name, why) in STRANGE {
            let is_prefix = name.ends_with("__");
            let met = |found: &&String| if is_prefix { found.starts_with(name) } else { *found == name };
            let found: Vec<_> = self.options.values.keys().filter(met).cloned().collect();
            self.notes.extend(found.into_iter().map(|found| format!("{found}: {why}")));
        }
        for (prefix, what) in [("AIRFLOW_CONN_", "connections"), ("AIRFLOW_VAR_", "variables")] {
            let count = self.options.values.keys().filter(|name| name.starts_with(prefix)).count();
            if count > 0 {
                let message = format!(
                    "{prefix}…: {count} {what} in the environment are not carried (kind = \"{ENVIRONMENT}\" would read them); Airflow finds \
                     them before the metastore's"
                );
                self.notes.push(message);
            }
        }
    }
}

/// A store of this kind that is told nothing but the arguments.
fn understood(kind: &StoreKind, text: &str) -> Option<Box<dyn StoreSettings>> {
    let table = toml::Table::from_iter([("backend-kwargs".to_owned(), toml::Value::from(text))]);
    let mut settings = kind.read(table).ok()?;
    settings.relative_to(std::path::Path::new(""));
    Some(settings)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    const CANARY: &str = "canary";

    fn drafted(text: &str) -> (String, Vec<String>) {
        let (config, notes) = draft(&Options::parse(Origin::Cfg("airflow.cfg".into()), text));
        assert!(!config.contains(CANARY) && !format!("{notes:?}").contains(CANARY), "{config}");
        let parsed: toml::Table = config.parse().unwrap();
        assert!(parsed.contains_key("stores"));
        (config, notes)
    }

    #[test]
    fn settings_become_references() {
        let (config, notes) = drafted(
            "[core]\nfernet_key = canary\n[database]\nsql_alchemy_conn = postgresql://u:canary@h/d\n[secrets]\n\
             backend = airflow.providers.hashicorp.secrets.vault.VaultBackend\n\
             backend_kwargs = {\"url\": \"https://v\", \"token\": \"canary\", \"proxies\": {\"https\": \"canary\"}, \"typo\": 1, \"variables_path\": null}\n",
        );
        for line in [
            "url = { env = \"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN\" }",
            "fernet-key = { env = \"AIRFLOW__CORE__FERNET_KEY\" }",
            "backend-kwargs = { env = \"AIRFLOW__SECRETS__BACKEND_KWARGS\" }",
            "# they say: url, token, proxies, typo, variables_path",
            "target = \"vault\"",
            "kinds = [\"connections\"]",
            "#   export AIRFLOW__CORE__FERNET_KEY=\"$(airflow config get-value core fernet_key)\"",
            "#   export AIRFLOW__SECRETS__BACKEND_KWARGS=\"$(airflow config get-value secrets backend_kwargs)\"",
        ] {
            assert!(config.lines().any(|found| found == line), "{line} is not in\n{config}");
        }
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("proxies is ignored") && notes[1].contains("typo is ignored"));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let rows = [
            ("[core]\nfernet_key_cmd = cat /canary\n", "AIRFLOW__CORE__FERNET_KEY: Airflow gets it from a command"),
            ("[database]\nsql_alchemy_conn = mysql://canary\n", "a metastore on mysql is not built yet"),
            ("[secrets]\nbackend = my.Backend\n", "AIRFLOW__SECRETS__BACKEND: no kind of store"),
            (
                "[secrets]\nbackend = airflow.secrets.environment_variables.EnvironmentVariablesBackend\n",
                "AIRFLOW__SECRETS__BACKEND: Airflow asks its environment by itself",
            ),
            ("[secrets]\nbackend_kwarg__token = canary\n", "AIRFLOW__SECRETS__BACKEND_KWARG__TOKEN: single arguments"),
            ("[workers]\nsecrets_backend = x\n", "AIRFLOW__WORKERS__SECRETS_BACKEND: workers look elsewhere"),
            ("canary\n", "line 1"),
        ];
        for (text, expected) in rows {
            let (config, notes) = drafted(text);
            assert!(notes.iter().any(|note| note.contains(expected)), "{expected} is not in {notes:?}");
            assert!(config.contains(expected), "{config}");
        }
    }
}
