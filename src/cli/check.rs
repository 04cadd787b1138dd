//! `check`: the config, then every store that a job uses; each finding with its remedy.

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::{Part, Session};
use crate::config::{MissingReference, REFERENCE_HINT};
use crate::ledger::Ledger;
use crate::model::{Finding, Severity};
use crate::provider::Role;
use crate::report::{json, text};

/// Looks for whatever would stop a job; changes nothing.
pub async fn check(config: Option<&Path>, args: &args::Check, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let wanted = session.parts(&args.names)?;
    let missing = session.config.missing_references();
    let mut findings: Vec<_> = missing.iter().map(of_reference).collect();
    let ledger = match session.ledger_if_any().await {
        Ok(ledger) => ledger,
        // A missing key was told already, with the name it has in the config.
        Err(_) if missing.iter().any(MissingReference::is_of_ledger) => None,
        Err(failure) => {
            findings.extend(failure.findings("ledger", "ledger-unusable"));
            None
        }
    };
    if !args.offline {
        let answerable = |part: &&Part| !missing.iter().any(|missing| missing.is_of_store(&part.store));
        let looks = wanted.iter().filter(answerable).map(|part| of_store(&session, part, ledger.as_ref()));
        findings.extend(futures::future::join_all(looks).await.into_iter().flatten());
    }
    findings.extend(progress.take_findings());
    told_once(&mut findings);
    if missing.is_empty() {
        findings.push(sound(&session, args.offline));
    }
    console.report(|| json::check(&findings), |paper| text::findings(&findings, paper))?;
    let stops = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if stops { FOUND } else { 0 })
}

/// A store that is a source and a target has some things to say in both roles.
fn told_once(findings: &mut Vec<Finding>) {
    let mut told: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    *findings = told;
}

fn of_reference(missing: &MissingReference) -> Finding {
    let finding = Finding::new(Severity::Error, "reference-missing", &missing.path, missing.problem.to_string());
    finding.with_remedy(REFERENCE_HINT)
}

/// What a store has to say, and that it is fit for its part if nothing stands against it.
async fn of_store(session: &Session, part: &Part, ledger: Option<&Ledger>) -> Vec<Finding> {
    let Part { store: name, role, kinds } = part;
    let mut findings = match session.store(name, *role, ledger).await {
        Ok(store) => store.check(*role, kinds).await,
        Err(error) => Failure::store(error).findings(name, "store-unusable"),
    };
    if findings.iter().all(|finding| finding.severity != Severity::Error) {
        let message = match role {
            Role::Source => "can be read from",
            Role::Target => "can be written to",
        };
        findings.push(Finding::new(Severity::Info, "store-usable", name, message));
    }
    findings
}

fn sound(session: &Session, offline: bool) -> Finding {
    let message = match (offline, session.config.stores.is_empty()) {
        (_, true) => "the config has no store and no job yet",
        (true, false) => "the config is sound; no store was asked",
        (false, false) => "the config is sound",
    };
    Finding::new(Severity::Info, "config-sound", session.config.file.display().to_string(), message)
}
