//! `verify`: does Airflow see in the target what the source holds?

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure, worst};
use super::progress::Progress;
use super::session::{Narrowing, Session};
use crate::engine::{self, Job, VerifyReport};
use crate::ledger::Ledger;
use crate::report::{json, text};

/// Reads both sides and compares them; changes nothing.
pub async fn verify(config: Option<&Path>, args: args::Verify, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let narrowing =
        Narrowing { targets: args.part.target, only: args.part.only, kind: args.part.kind, shown: Vec::new() };
    let legs = session.legs(args.part.job.as_deref(), &narrowing)?;
    let ledger = session.ledger_if_any().await?;
    if let [job] = legs.as_slice() {
        let report = proved(&session, job, ledger.as_ref(), &progress).await?;
        console.report(|| json::verify(&report), |paper| text::verify(&report, paper))?;
        return Ok(exit_code(job, &report));
    }
    let (mut codes, mut reports) = (Vec::new(), Vec::new());
    for job in &legs {
        match proved(&session, job, ledger.as_ref(), &progress).await {
            Ok(report) => {
                console.say_report(|paper| text::verify(&report, paper))?;
                codes.push(exit_code(job, &report));
                reports.push(report);
            }
            // One target that cannot be read leaves the proofs of the others as they are.
            Err(failure) => codes.push(console.failed(&failure)),
        }
    }
    console.print_json(|| json::verifies(&reports))?;
    Ok(worst(&codes))
}

async fn proved(
    session: &Session,
    job: &Job,
    ledger: Option<&Ledger>,
    progress: &Progress,
) -> Result<VerifyReport, Failure> {
    // A proof changes nothing, so the target too is opened as a source: it need not even be asked whose its keys are.
    let stores = session.sources(job, ledger).await?;
    engine::verify(job, &stores, ledger, progress).await.map_err(Failure::run)
}

fn exit_code(job: &Job, report: &VerifyReport) -> u8 {
    if is_proved(job, report) { 0 } else { FOUND }
}

/// Tells whether every key is equal, or known and fine.
fn is_proved(job: &Job, report: &VerifyReport) -> bool {
    report.mismatches.is_empty() && report.refused.iter().all(|refused| job.accepts(refused.names()))
}
