//! `demo`: the main job on an embedded sample: a metastore made by a real Airflow, carried to files that Airflow reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::apply::{Consent, carry_out};
use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::{Narrowing, Session};
use super::{audit, plan};
use crate::engine::{RunReport, preview};
use crate::model::Kind;
use crate::report::{json, text};

/// Made by `make_sample.py` beside it.
const METASTORE: &[u8] = include_bytes!("demo/metastore.db");
const EXPECTED: &str = include_str!("demo/expected.json");
const CONFIG: &str = include_str!("demo/secretferry.toml");

/// What the sample foresees: how every key ends, and the key its rows are encrypted with.
#[derive(Debug, Deserialize)]
struct Expected {
    fernet_key: String,
    connections: BTreeMap<String, Foreseen>,
    variables: BTreeMap<String, Foreseen>,
}

#[derive(Debug, Deserialize)]
struct Foreseen {
    outcome: String,
    reason: Option<String>,
}

/// Plan, apply, a second plan, verify, audit; well when every key ended as the sample foresees.
pub async fn demo(args: args::Demo, console: &Console) -> Result<u8, Failure> {
    let expected: Expected =
        serde_json::from_str(EXPECTED).map_err(|error| Failure::local(format!("the sample is damaged: {error}")))?;
    let folder = folder(args.folder)?;
    let config = unpack(&folder, &expected)
        .map_err(|error| Failure::local(format!("the sample cannot be unpacked into {}: {error}", folder.display())))?;
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(Some(&config), Arc::clone(&progress) as _)?;
    let job = session.job(None, &Narrowing::default())?;

    title(console, "1. What a run would do, and doing it: secretferry apply --yes");
    let report = carry_out(&session, &progress, &job, Consent::Given, console).await?;
    let report = report.ok_or_else(|| Failure::local("the demo was declined"))?;
    console.report(|| json::run(&report), |paper| text::run(&report, paper));

    title(console, "2. Nothing is left to do: secretferry plan");
    let ledger = session.ledger_if_any().await?;
    let stores = session.stores(&job, ledger.as_ref()).await?;
    let second = preview(&job, &stores, ledger.as_ref(), &*progress).await.map_err(Failure::run)?;
    plan::show(&job, &second, console);

    title(console, "3. Airflow reads the same in both: secretferry verify");
    let verified = crate::engine::verify(&job, &stores, ledger.as_ref(), &*progress).await.map_err(Failure::run)?;
    console.report(|| json::verify(&verified), |paper| text::verify(&verified, paper));

    title(console, "4. The log of all that was done, and its proof: secretferry audit verify");
    let proved = audit::verify(Some(&config), console).await?;

    let mut faults = surprises(&expected, &report);
    if second.plan.changes().next().is_some() {
        faults.push("the second plan has something to do".to_owned());
    }
    if !verified.mismatches.is_empty() || proved != 0 {
        faults.push("the result could not be proved".to_owned());
    }
    conclude(console, &config, &faults)
}

fn title(console: &Console, text: &str) {
    console.say(&format!("\n=== {text}\n"));
}

fn folder(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let made = match asked {
        Some(folder) => std::fs::create_dir_all(&folder).map(|()| folder),
        None => tempfile::Builder::new().prefix("secretferry-demo-").tempdir().map(tempfile::TempDir::keep),
    };
    made.map_err(|error| Failure::local(format!("the demo's folder cannot be made: {error}")))
}

/// Lays out what a user would have: a metastore, its key, a config. Nothing that is there already is written over.
fn unpack(folder: &Path, expected: &Expected) -> std::io::Result<PathBuf> {
    let write = |name: &str, bytes: &[u8]| {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = folder.join(name);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(bytes).map(|()| path)
    };
    let metastore = write("airflow.db", METASTORE)?;
    write("fernet.key", expected.fernet_key.as_bytes())?;
    write("metastore.url", format!("sqlite:///{}", std::path::absolute(metastore)?.display()).as_bytes())?;
    write("secretferry.toml", CONFIG.as_bytes())
}

/// Every key that did not end as the sample foresees.
fn surprises(expected: &Expected, report: &RunReport) -> Vec<String> {
    let foreseen = |kind, keys: &BTreeMap<String, Foreseen>| {
        let key = |(id, foreseen): (&String, &Foreseen)| {
            ((kind, id.clone()), (foreseen.outcome.clone(), foreseen.reason.clone()))
        };
        keys.iter().map(key).collect::<Vec<_>>()
    };
    let mut left: BTreeMap<_, _> = foreseen(Kind::Connection, &expected.connections).into_iter().collect();
    left.extend(foreseen(Kind::Variable, &expected.variables));
    let mut faults = Vec::new();
    for step in &report.outcomes {
        let (outcome, reason) = (step.outcome.as_str(), step.reason.as_str());
        match left.remove(&(step.name.kind, step.name.id.clone())) {
            Some((wanted, why)) if wanted == outcome && why.as_deref().is_none_or(|why| why == reason) => {}
            Some((wanted, _)) => faults.push(format!("{}: {outcome} ({reason}), foreseen was {wanted}", step.name)),
            None => faults.push(format!("{}: {outcome}, but nothing was foreseen", step.name)),
        }
    }
    faults.extend(left.keys().map(|(kind, id)| format!("{kind} {id}: was not seen at all")));
    faults
}

fn conclude(console: &Console, config: &Path, faults: &[String]) -> Result<u8, Failure> {
    for fault in faults {
        console.tell(&format!("not as foreseen: {fault}"));
    }
    if !faults.is_empty() {
        return Ok(FOUND);
    }
    let config = config.display();
    console.say(&format!(
        "\nEvery key ended as the sample foresees. What you might type next:\n\n  \
         secretferry show postgres_warehouse --config {config}\n  \
         secretferry history --config {config}\n  \
         secretferry plan --show-fields conn_type,host --config {config}"
    ));
    Ok(0)
}
