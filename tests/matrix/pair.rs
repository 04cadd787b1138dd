//! One store carried to another by the program itself, and every secret accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::corpus::Secret;
use crate::place::Place;

/// A source, a target, and what the program says that it did.
pub struct Pair {
    /// Where to.
    pub target: Place,
    name: String,
    planted: Vec<Secret>,
    outcomes: BTreeMap<(String, String), (String, String, String)>,
    findings: String,
}

impl Pair {
    /// Fills a new store with as much of `corpus` as it holds, and carries that to another.
    pub async fn carried(source: &str, target: &str, corpus: &[Secret]) -> Self {
        let name = format!("{source} → {target}");
        let (source, target) = (Place::empty(source).await, Place::empty(target).await);
        let mut planted = Vec::new();
        for secret in corpus {
            if source.plant(secret).await {
                planted.push(as_named(secret, &source));
            }
        }
        let report = apply(&name, &source, &target);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut outcomes = BTreeMap::new();
        for line in report["outcomes"].as_array().unwrap() {
            let key = (format!("{}s", text(&line["name"]["kind"])), text(&line["name"]["id"]));
            let outcome = (text(&line["outcome"]), text(&line["reason"]), text(&line["detail"]));
            assert!(outcomes.insert(key.clone(), outcome).is_none(), "{name}: {key:?} has two outcomes");
        }
        Self { target, name, planted, outcomes, findings: report["findings"].to_string() }
    }

    /// All that is not as it was, and was not refused either, a line each.
    pub async fn faults(&self) -> Vec<String> {
        let held = self.target.held().await;
        let mut expected = BTreeSet::new();
        let mut faults = Vec::new();
        for secret in &self.planted {
            let key = self.target.key(secret);
            match self.outcome(secret) {
                None => {
                    faults.push(format!("{}: {} has no outcome; findings: {}", self.name, secret.id, self.findings))
                }
                Some((outcome, ..)) if is_good(outcome) => {
                    let found = held.get(&key).map(|text| Secret { text: text.clone(), ..secret.clone() }.meaning());
                    if found.as_ref() != Some(&secret.meaning()) {
                        let what = if found.is_some() { "is another value" } else { "is not there" };
                        faults.push(format!("{}: {} was {outcome}, and {what}", self.name, secret.id));
                    }
                    expected.insert(key);
                }
                Some((outcome, reason, detail)) => {
                    if reason.is_empty() || detail.is_empty() {
                        faults.push(format!("{}: {} was {outcome} without a reason", self.name, secret.id));
                    }
                }
            }
        }
        let strangers = held.keys().filter(|key| !expected.contains(*key));
        faults.extend(strangers.map(|key| format!("{}: {key} is there, and nobody carried it", self.name)));
        faults
    }

    /// How many were carried, and how many refused.
    pub fn summary(&self) -> String {
        let good = self.outcomes.values().filter(|(outcome, ..)| is_good(outcome)).count();
        format!("{good} / {}", self.outcomes.len() - good)
    }

    /// What was refused, by reason.
    pub fn told(&self) -> String {
        let mut refused = BTreeMap::<_, Vec<_>>::new();
        for ((_, id), (outcome, reason, _)) in &self.outcomes {
            if !is_good(outcome) {
                refused.entry(reason.as_str()).or_default().push(id.as_str());
            }
        }
        let reasons = refused.into_iter().map(|(reason, ids)| format!("\n    {reason}: {}", ids.join(", ")));
        format!("{}: {}{}", self.name, self.summary(), reasons.collect::<String>())
    }

    fn outcome(&self, secret: &Secret) -> Option<&(String, String, String)> {
        self.outcomes.get(&(secret.kind.to_owned(), secret.id.clone()))
    }
}

/// The secret under the name that the source gives it: Key Vault has no `_`.
fn as_named(secret: &Secret, source: &Place) -> Secret {
    match source {
        Place::Azure(..) => Secret { id: secret.id.replace('_', "-"), ..secret.clone() },
        _ => secret.clone(),
    }
}

fn is_good(outcome: &str) -> bool {
    ["created", "kept"].contains(&outcome)
}

/// Runs the job once; some are refused, so the program says so.
fn apply(name: &str, source: &Place, target: &Place) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[ledger]\nurl = 'sqlite://ledger.db'\n[stores.source]\n{}\n[stores.target]\n{}\n\
         [jobs.job]\nsource = 'source'\ntarget = 'target'\nkinds = ['connections', 'variables']\n",
        source.table("SOURCE"),
        target.table("TARGET")
    );
    std::fs::write(folder.path().join("secretferry.toml"), config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_secretferry"))
        .args(["--json", "apply", "--yes"])
        .current_dir(folder.path())
        .env_clear()
        .env("SOURCE", source.credential())
        .env("TARGET", target.credential())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{name}: {said}\n{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {said}"))
}
