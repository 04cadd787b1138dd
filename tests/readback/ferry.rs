//! The product as a user runs it: the program, a config in a folder, and its reports for machines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::metastore::{Key, Metastore};

/// A folder with a config, and the environment its references name.
pub struct Ferry {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What became, or is to become, of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which one.
    pub key: Key,
    /// The outcome it had, or the action it is to have.
    pub what: String,
    /// Why.
    pub reason: String,
    /// More of why.
    pub detail: String,
    /// What is not exact, or odd.
    pub notes: Vec<String>,
}

/// The source table of a metastore; [`Ferry::read_from`] gives it what it refers to.
pub const METASTORE: &str =
    "kind = 'airflow-metastore'\nurl = { env = 'SOURCE_URL' }\nfernet-key = { env = 'SOURCE_KEYS' }";

impl Ferry {
    /// Writes a config of one job, called `job`, from `source` to `target`, each given as its table.
    pub fn new(source: &str, target: &str, job: &str) -> Self {
        let ferry = Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        let config = format!(
            "[ledger]\nurl = 'sqlite://ledger.db'\n[stores.source]\n{source}\n[stores.target]\n{target}\n\
             [jobs.job]\nsource = 'source'\ntarget = 'target'\n{job}\n"
        );
        fs::write(ferry.folder().join("secretferry.toml"), config).unwrap();
        ferry
    }

    /// The folder of the config.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets an environment variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Lets the config's metastore be this one.
    pub fn read_from(&mut self, metastore: &Metastore) {
        self.set("SOURCE_URL", &metastore.url);
        self.set("SOURCE_KEYS", &metastore.fernet_keys.join(","));
    }

    /// Runs a command; answers its report. Fails on any other exit code than the one expected.
    pub fn run(&self, command: &[&str], exit_code: i32) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .args(["--config", "secretferry.toml", "--json"])
            .args(command)
            .current_dir(self.folder())
            .env_clear()
            .envs(&self.environment)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit_code), "{command:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{command:?}: {error}: {said}"))
    }

    /// What the job would do.
    pub fn plan(&self, exit_code: i32) -> Value {
        let report = self.run(&["plan"], exit_code);
        assert_eq!(report["schema"], "secretferry.plan/1");
        report
    }

    /// What the job did.
    pub fn apply(&self, exit_code: i32) -> Value {
        let report = self.run(&["apply", "--yes"], exit_code);
        assert_eq!(report["schema"], "secretferry.run/1");
        report
    }

    /// What a comparison of both sides found.
    pub fn verify(&self, exit_code: i32) -> Value {
        let report = self.run(&["verify"], exit_code);
        assert_eq!(report["schema"], "secretferry.verify/1");
        report
    }
}

/// The steps of a plan.
pub fn planned(report: &Value) -> Vec<Step> {
    report["steps"].as_array().unwrap().iter().map(|line| step(line, "action")).collect()
}

/// The outcomes of a run.
pub fn outcomes(report: &Value) -> Vec<Step> {
    report["outcomes"].as_array().unwrap().iter().map(|line| step(line, "outcome")).collect()
}

fn step(line: &Value, what: &str) -> Step {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Step {
        key: key(&line["name"]),
        what: text(&line[what]),
        reason: text(&line["reason"]),
        detail: text(&line["detail"]),
        notes: line["notes"].as_array().unwrap().iter().map(text).collect(),
    }
}

/// A report's name, its kind in the plural.
pub fn key(name: &Value) -> Key {
    let text = |key: &str| name[key].as_str().map(str::to_owned);
    (format!("{}s", text("kind").unwrap()), text("team"), text("id").unwrap())
}
