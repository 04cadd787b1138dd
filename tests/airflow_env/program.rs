//! The program in a folder of its own: a source of two connections and two variables, and one target.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the source holds: what Airflow must see.
pub fn source() -> (Value, Value) {
    let connections = json!({
        "warehouse": {"conn_type": "postgres", "host": "DB.example.com", "login": "me", "password": "p@ss/w:rd #1%", "port": 5432},
        "team/api": {"conn_type": "http", "host": "https://api", "extra": "{\"timeout\": 30}"},
    });
    (connections, json!({"plain": "text", "js on": "{\"a\": 1}"}))
}

/// A folder with a config.
pub struct Program {
    folder: TempDir,
    /// The variables that it runs with.
    pub environment: BTreeMap<String, String>,
}

impl Program {
    /// Lays out the source and a config whose target is `table`; `job` adds to the job.
    pub fn new(table: &str, job: &str) -> Self {
        let program = Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        let (connections, variables) = source();
        program.write("connections.json", &connections.to_string());
        program.write("variables.json", &variables.to_string());
        program.write(
            "secretferry.toml",
            &format!(
                "[ledger]\nurl = 'sqlite://ledger.db'\n[stores.source]\nkind = 'local-files'\n\
                 connections-file = 'connections.json'\nvariables-file = 'variables.json'\n[stores.target]\n{table}\n\
                 [jobs.job]\nsource = 'source'\ntarget = 'target'\n{job}\n"
            ),
        );
        program
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder; gives its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs a command; gives its output. Fails on any other exit code than the one expected.
    pub fn run(&self, command: &[&str], exit_code: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .args(command)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit_code), "{command:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that reports to machines.
    pub fn report(&self, command: &[&str], exit_code: i32) -> Value {
        let command: Vec<_> = command.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.run(&command, exit_code)).unwrap()
    }

    /// The settings of the target as variables, taken apart by a shell, with `filled` in place of what stands in `<>`.
    pub fn variables(&self, filled: &[(&str, &str)]) -> BTreeMap<String, String> {
        let file = self.write("printed.env", &fill(self.run(&["airflow-env", "target"], 0), filled));
        let output =
            Command::new("bash").arg("-c").arg("set -a; . \"$0\"; env -0").arg(file).env_clear().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let set = text.split('\0').filter_map(|line| line.split_once('='));
        let ours = set.filter(|(name, _)| !["PWD", "SHLVL", "_"].contains(name));
        ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The same as a part of airflow.cfg.
    pub fn cfg(&self, filled: &[(&str, &str)]) -> String {
        fill(self.run(&["airflow-env", "target", "--format", "cfg"], 0), filled)
    }
}

fn fill(text: String, filled: &[(&str, &str)]) -> String {
    let text = filled.iter().fold(text, |text, (what, value)| text.replace(&format!("<{what}>"), value));
    // The head of the text speaks of `<>`.
    assert!(!text.replace("<>", "").contains('<'), "not all is filled in: {text}");
    text
}
