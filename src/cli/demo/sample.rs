//! The embedded sample: laid out as a user would have it, and how each of its keys must end.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::failure::Failure;
use crate::engine::RunReport;
use crate::model::Kind;

/// Made by `make_sample.py` beside it.
const METASTORE: &[u8] = include_bytes!("metastore.db");
const EXPECTED: &str = include_str!("expected.json");
const CONFIG: &str = include_str!("secretferry.toml");

/// What the sample foresees: how every key ends, and the key its rows are encrypted with.
#[derive(Debug, Deserialize)]
pub struct Sample {
    fernet_key: String,
    connections: BTreeMap<String, Foreseen>,
    variables: BTreeMap<String, Foreseen>,
}

#[derive(Debug, Deserialize)]
struct Foreseen {
    outcome: String,
    reason: Option<String>,
}

impl Sample {
    /// Takes the sample out of the program.
    pub fn load() -> Result<Self, Failure> {
        serde_json::from_str(EXPECTED).map_err(|error| Failure::local(format!("the sample is damaged: {error}")))
    }

    /// Lays out a metastore, its key and a config in a folder, and gives the config; writes over nothing.
    pub fn unpack(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let metastore = written(folder, "airflow.db", METASTORE)?;
        let metastore = std::path::absolute(&metastore).map_err(|error| refused(&metastore, &error))?;
        written(folder, "fernet.key", self.fernet_key.as_bytes())?;
        written(folder, "metastore.url", format!("sqlite:///{}", metastore.display()).as_bytes())?;
        written(folder, "secretferry.toml", CONFIG.as_bytes())
    }

    /// Names every key that did not end as the sample foresees.
    pub fn surprises(&self, report: &RunReport) -> Vec<String> {
        let mut left: BTreeMap<(Kind, &str), &Foreseen> = BTreeMap::new();
        left.extend(self.connections.iter().map(|(id, foreseen)| ((Kind::Connection, id.as_str()), foreseen)));
        left.extend(self.variables.iter().map(|(id, foreseen)| ((Kind::Variable, id.as_str()), foreseen)));
        let mut surprises = Vec::new();
        for step in &report.outcomes {
            let (outcome, reason) = (step.outcome.as_str(), step.reason.as_str());
            match left.remove(&(step.name.kind, step.name.id.as_str())) {
                Some(foreseen) if foreseen.is(outcome, reason) => {}
                Some(Foreseen { outcome: wanted, .. }) => {
                    surprises.push(format!("{}: {outcome} ({reason}), foreseen was {wanted}", step.name));
                }
                None => surprises.push(format!("{}: {outcome}, but nothing was foreseen", step.name)),
            }
        }
        surprises.extend(left.keys().map(|(kind, id)| format!("{kind} {id}: was not seen at all")));
        surprises
    }
}

impl Foreseen {
    fn is(&self, outcome: &str, reason: &str) -> bool {
        self.outcome == outcome && self.reason.as_deref().is_none_or(|why| why == reason)
    }
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match file.and_then(|mut file| file.write_all(bytes)) {
        Ok(()) => Ok(path),
        Err(error) => Err(refused(&path, &error)),
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let hint = "name a new or an empty folder with --folder";
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::local(format!("{} is there already, and the demo writes over nothing", path.display()))
        }
        _ => Failure::local(format!("the sample cannot be unpacked: {}: {error}", path.display())),
    }
    .with_hint(hint)
}
