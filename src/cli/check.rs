//! `check`: the config, then every store that a job uses; each finding with its remedy.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::Session;
use crate::ledger::Ledger;
use crate::model::{Finding, Severity};
use crate::provider::{Error, Role};
use crate::report::{json, text};

/// Looks for whatever would stop a job; changes nothing.
pub async fn check(config: Option<&Path>, args: &args::Check, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let wanted = stores(&session, &args.names)?;
    let mut findings = references(&session);
    let ledger = match session.ledger_if_any().await {
        Ok(ledger) => ledger,
        Err(failure) => {
            findings.push(of_failure("ledger", failure));
            None
        }
    };
    if !args.offline {
        let looks = wanted.iter().map(|(store, role)| of_store(&session, store, *role, ledger.as_ref()));
        findings.extend(futures::future::join_all(looks).await.into_iter().flatten());
    }
    findings.extend(progress.take_findings());
    findings.push(looked_at(&session, &wanted, args.offline));
    console.report(|| json::check(&findings), |paper| text::findings(&findings, paper));
    let stops = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if stops { FOUND } else { 0 })
}

/// What each store is used for; names of jobs or stores narrow it.
fn stores(session: &Session, names: &[String]) -> Result<BTreeSet<(String, Role)>, Failure> {
    let config = &session.config;
    if let Some(unknown) =
        names.iter().find(|name| !config.jobs.contains_key(*name) && !config.stores.contains_key(*name))
    {
        let known: Vec<_> = config.jobs.keys().chain(config.stores.keys()).map(String::as_str).collect();
        let message = format!("no job or store is called {unknown}");
        return Err(Failure::usage(message, format!("the config has {}", known.join(", "))));
    }
    let named = |name: &String| names.is_empty() || names.contains(name);
    let mut wanted = BTreeSet::new();
    for job in config.jobs.values() {
        for (store, role) in [(&job.source, Role::Source), (&job.target, Role::Target)] {
            if named(&job.name) || named(store) {
                wanted.insert((store.clone(), role));
            }
        }
    }
    for store in config.stores.keys().filter(|store| named(store)) {
        if !wanted.iter().any(|(used, _)| used == store) {
            wanted.insert((store.clone(), Role::Source));
        }
    }
    Ok(wanted)
}

fn references(session: &Session) -> Vec<Finding> {
    let finding = |missing: crate::config::MissingReference| {
        let finding = Finding::new(Severity::Error, "reference-missing", missing.path, missing.problem.to_string());
        finding.with_remedy("set it, or correct the reference")
    };
    session.config.missing_references().into_iter().map(finding).collect()
}

async fn of_store(session: &Session, name: &str, role: Role, ledger: Option<&Ledger>) -> Vec<Finding> {
    match session.store(name, role, ledger).await {
        Ok(store) => store.check(role).await,
        Err(error) => vec![of_error(name, &error)],
    }
}

fn of_error(store: &str, error: &Error) -> Finding {
    let finding = Finding::new(Severity::Error, "store-unusable", store, error.to_string());
    match &error.remedy {
        Some(remedy) => finding.with_remedy(remedy),
        None => finding,
    }
}

fn of_failure(subject: &str, failure: Failure) -> Finding {
    let finding = Finding::new(Severity::Error, "ledger-unusable", subject, failure.message);
    if failure.hints.is_empty() { finding } else { finding.with_remedy(failure.hints.join("\n")) }
}

fn looked_at(session: &Session, wanted: &BTreeSet<(String, Role)>, offline: bool) -> Finding {
    let words = |(store, role): &(String, Role)| match role {
        Role::Source => format!("{store} as a source"),
        Role::Target => format!("{store} as a target"),
    };
    let looked: Vec<_> = wanted.iter().map(words).collect();
    let message = match offline {
        true => "the config is sound; no store was asked".to_owned(),
        false => format!("the config is sound; asked: {}", looked.join(", ")),
    };
    Finding::new(Severity::Info, "checked", session.config.file.display().to_string(), message)
}
