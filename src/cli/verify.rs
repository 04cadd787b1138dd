//! `verify`: does Airflow see in the target what the source holds?

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::{Narrowing, Session};
use crate::engine::{self, Job, VerifyReport};
use crate::report::{json, text};

/// Reads both sides and compares them; changes nothing.
pub async fn verify(config: Option<&Path>, args: args::Verify, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let narrowing = Narrowing { only: args.part.only, kind: args.part.kind, shown: Vec::new() };
    let job = session.job(args.part.job.as_deref(), &narrowing)?;
    let ledger = session.ledger_if_any().await?;
    // A proof changes nothing, so the target too is opened as a source: it need not even be asked whose its keys are.
    let stores = session.sources(&job, ledger.as_ref()).await?;
    let report = engine::verify(&job, &stores, ledger.as_ref(), &*progress).await.map_err(Failure::run)?;
    console.report(|| json::verify(&report), |paper| text::verify(&report, paper))?;
    Ok(if is_proved(&job, &report) { 0 } else { FOUND })
}

/// Tells whether every key is equal, or known and fine.
fn is_proved(job: &Job, report: &VerifyReport) -> bool {
    report.mismatches.is_empty() && report.refused.iter().all(|refused| job.accepts(refused.names()))
}
