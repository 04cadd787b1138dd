//! The program as a user runs it, between stores that a test names.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a config. Every secret in it is in the variable `KEY`.
pub struct Ferry {
    folder: TempDir,
    key: String,
}

impl Ferry {
    /// Writes a config of these stores, and of jobs from one to another (name, source, target); `more` is in each of them.
    pub fn new(stores: &[(&str, &str)], jobs: &[(&str, &str, &str)], more: &str) -> Self {
        let mut config = "[ledger]\nurl = 'sqlite://ledger.db'\n".to_owned();
        for (name, table) in stores {
            config += &format!("[stores.{name}]\n{table}\n");
        }
        for (name, source, target) in jobs {
            config += &format!("[jobs.{name}]\nsource = '{source}'\ntarget = '{target}'\n{more}\n");
        }
        let ferry = Self { folder: tempfile::tempdir().unwrap(), key: "test".to_owned() };
        std::fs::write(ferry.path("secretferry.toml"), config).unwrap();
        ferry
    }

    /// Sets what is in `KEY`.
    pub fn with_key(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }

    /// A path in the folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command; gives its report. Fails on any other exit code than the one expected.
    pub fn run(&self, command: &[&str], exit_code: i32) -> Value {
        let (code, report, said) = self.ended(command);
        assert_eq!(code, Some(exit_code), "{command:?}: {said}\n{report:#}");
        assert!(!report.is_null(), "{command:?}: no report: {said}");
        report
    }

    /// Runs a command that may end well or ill: its exit code, its report if there is one, and what it said beside it.
    pub fn ended(&self, command: &[&str]) -> (Option<i32>, Value, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .arg("--json")
            .args(command)
            .current_dir(self.folder.path())
            .env_clear()
            .env("KEY", &self.key)
            .output()
            .unwrap();
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Carries a job out, again with nothing left to do, and verifies; gives how many keys it carried.
    pub fn carry(&self, job: &str) -> u64 {
        let count = |report: &Value, outcome: &str| report["counts"][outcome].as_u64().unwrap_or_default();
        let first = self.run(&["apply", job, "--yes"], 0);
        let carried = count(&first, "created");
        assert!(carried > 0, "{job}: {first:#}");
        let second = self.run(&["apply", job, "--yes"], 0);
        assert_eq!((count(&second, "kept"), count(&second, "created")), (carried, 0), "{job}: {:#}", second["counts"]);
        assert_eq!(self.run(&["verify", job], 0)["equal"], carried, "{job}");
        carried
    }
}
