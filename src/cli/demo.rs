//! `demo`: the main job on an embedded sample: a metastore made by a real Airflow, carried to files that Airflow reads.

mod sample;

use std::time::Duration;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::sample::Sample;
use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::plan;
use super::progress::Progress;
use super::run::{Consent, Ended, Task, carry_out};
use super::session::{Narrowing, Session};
use crate::engine::{preview, verify};
use crate::report::{DemoReport, json, text};

/// Plan, apply, a second plan, verify, audit; well when every key ended as the sample foresees.
pub async fn demo(config: Option<&Path>, args: args::Demo, console: &Console) -> Result<u8, Failure> {
    if config.is_some() {
        return Err(Failure::usage("the demo brings a config of its own", "leave --config out"));
    }
    let sample = Sample::load()?;
    let config = sample.unpack(&folder(args.folder)?)?;
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(Some(&config), Arc::clone(&progress) as _)?;
    let legs = session.legs(None, &Narrowing::default())?;
    let job = legs.into_iter().next().expect("a job has a target");

    title(console, "1. What is to be done, and doing it: secretferry apply --yes")?;
    let Ended::Acted(run) =
        carry_out(&session, &progress, &job, Task::Apply(Duration::ZERO), Consent::Given, console).await?
    else {
        return Err(Failure::local("the demo was interrupted"));
    };
    show(console, || format!("\n{}", text::run(&run, console.paper)))?;

    title(console, "2. Nothing is left to do: secretferry plan")?;
    let ledger = session.ledger().await?;
    let stores = session.stores(&job, Some(&ledger)).await?;
    let second = preview(&job, &stores, Some(&ledger), &*progress).await.map_err(Failure::run)?;
    let plan = plan::report(&job, &second);
    show(console, || text::plan(&plan, console.paper))?;

    title(console, "3. Airflow reads the same from both: secretferry verify")?;
    let verified = verify(&job, &stores, Some(&ledger), &*progress).await.map_err(Failure::run)?;
    show(console, || text::verify(&verified, console.paper))?;

    title(console, "4. The log of all that was done, and its proof: secretferry audit verify")?;
    let proof = ledger.audit_verify().await.map_err(Failure::ledger)?;
    show(console, || text::audit_proof(&proof, console.paper))?;

    let mut surprises = sample.surprises(&run);
    if second.plan.changes().next().is_some() {
        surprises.push("the second plan has something to do".to_owned());
    }
    if !verified.mismatches.is_empty() || proof.broken.is_some() {
        surprises.push("the result could not be proved".to_owned());
    }
    let config = config.display().to_string();
    let report =
        DemoReport { config: &config, surprises: &surprises, run: &run, plan, verify: &verified, audit: &proof };
    console.report(|| json::demo(&report), |_| ending(&report))?;
    Ok(if surprises.is_empty() { 0 } else { FOUND })
}

fn show(console: &Console, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if console.json { Ok(()) } else { console.say(text().trim_end_matches('\n')) }
}

fn title(console: &Console, text: &str) -> Result<(), Failure> {
    console.say(&format!("\n=== {text}\n"))
}

fn folder(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let made = match asked {
        Some(folder) => std::fs::create_dir_all(&folder).map(|()| folder),
        None => tempfile::Builder::new().prefix("secretferry-demo-").tempdir().map(tempfile::TempDir::keep),
    };
    made.map_err(|error| Failure::local(format!("the demo's folder cannot be made: {error}")))
}

fn ending(report: &DemoReport<'_>) -> String {
    if !report.surprises.is_empty() {
        return format!("\nNot as foreseen:\n  {}\n", report.surprises.join("\n  "));
    }
    format!(
        "\nEvery key ended as the sample foresees. Look around, for example with\n\n  \
         export SECRETFERRY_CONFIG={}\n  \
         secretferry show postgres_warehouse\n  \
         secretferry history latest\n  \
         secretferry plan --show-fields conn_type,host\n",
        report.config
    )
}
