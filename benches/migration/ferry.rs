//! The built program, run as a user runs it, and watched from outside: how long, how much memory.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::metastore::Metastore;
use crate::story::WIDTH;

const PROGRAM: &str = env!("CARGO_BIN_EXE_secretferry");
/// How often its memory is looked at; what is read is a high-water mark, so only its last steps can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A folder with a config and a ledger.
pub struct Ferry {
    folder: TempDir,
}

/// What a run needed.
pub struct Took {
    /// From start to exit.
    pub time: Duration,
    /// The most memory it had, in bytes.
    pub peak: u64,
}

impl Ferry {
    /// A job from a metastore into a mount.
    pub fn new(metastore: &Metastore, address: &str, mount: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("metastore.url", &metastore.url);
        write("fernet.key", &metastore.fernet_key);
        write("token", token);
        let config = format!(
            "[ledger]\nurl = \"sqlite://ledger.db\"\n\n[stores.airflow]\nkind = \"airflow-metastore\"\n\
             url = {{ file = \"metastore.url\" }}\nfernet-key = {{ file = \"fernet.key\" }}\n\n\
             [stores.vault]\nkind = \"vault\"\naddress = {address:?}\nmount = {mount:?}\nwidth = {WIDTH}\n\
             auth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n\n\
             [jobs.ferry]\nsource = \"airflow\"\ntarget = \"vault\"\n"
        );
        write("secretferry.toml", &config);
        Self { folder }
    }

    /// Applies the job; all of `expected` keys must end in `outcome`, and the rest be kept.
    pub fn apply(&self, outcome: &str, expected: usize) -> Took {
        let report = self.folder.path().join("report");
        let begun = Instant::now();
        let mut child = self.command(&["apply", "--yes"]).stdout(File::create(&report).unwrap()).spawn().unwrap();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(high_water(child.id()).unwrap_or_default());
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(LOOK_EVERY),
            }
        };
        let time = begun.elapsed();
        assert!(status.success(), "{status}: {}", std::fs::read_to_string(&report).unwrap());
        self.insist(outcome, expected);
        Took { time, peak }
    }

    /// Asks the ledger how the keys of the last run ended.
    fn insist(&self, outcome: &str, expected: usize) {
        let history = self.command(&["history", "--json"]).output().unwrap();
        let history: Value = serde_json::from_slice(&history.stdout).unwrap();
        let counts = &history["runs"][0]["counts"];
        let count = |outcome: &str| counts[outcome].as_u64().unwrap_or_default();
        let total: u64 = counts.as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let kept = if outcome == "kept" { 0 } else { count("kept") };
        assert_eq!((count(outcome), total), (expected as u64, expected as u64 + kept), "{counts:#}");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }
}

fn high_water(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
