//! The program itself with one store of a cloud, in a folder and an environment of its own.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What nobody may ever see.
pub const CANARY: &str = "canary-9b1f";

/// The program, a config and an environment.
pub struct Program {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Program {
    /// With a store of `kind` as a target; `table` is the rest of its table.
    pub fn with(kind: &str, table: &str) -> Self {
        let program = Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        program.write("variables.json", "{}");
        let config = format!(
            "[ledger]\nurl = 'sqlite://ledger.db'\n[stores.files]\nkind = 'local-files'\nvariables-file = 'variables.json'\n\
             [stores.cloud]\nkind = '{kind}'\ntimeout = '10s'\n{table}\n\
             [jobs.job]\nsource = 'files'\ntarget = 'cloud'\nkinds = ['variables']\n"
        );
        program.write("secretferry.toml", &config);
        let home = program.folder.path().display().to_string();
        program.set("HOME", &home).set("PATH", "/usr/bin:/bin")
    }

    /// The same with a variable in its environment.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Puts a file into its folder; gives the path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// What `check` finds; an ill config makes it end otherwise.
    pub fn check(&self) -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .args(["check", "--json"])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.environment)
            .output()
            .unwrap();
        let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(!format!("{out}{said}").contains(CANARY), "{out}{said}");
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no report: {said}"));
        report["findings"].as_array().unwrap().clone()
    }

    /// The finding with a code, in words: severity, message, remedy.
    pub fn found(&self, code: &str) -> [String; 3] {
        let findings = self.check();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        let finding = finding.unwrap_or_else(|| panic!("no {code}: {findings:#?}"));
        ["severity", "message", "remedy"].map(|part| finding[part].as_str().unwrap_or_default().to_owned())
    }

    /// Checks that the finding with a code holds these words in its message and its remedy.
    pub fn says(&self, code: &str, message: &str, remedy: &str) {
        let [_, found, mended] = self.found(code);
        assert!(found.contains(message) && mended.contains(remedy), "{code}: {found}\n{mended}");
    }
}
