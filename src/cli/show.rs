//! `show`: one key in every store.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::Session;
use crate::engine::{ShowReport, sight, unopened};
use crate::ledger::Ledger;
use crate::model::{Kind, MasterKey, Purpose, SecretName};
use crate::provider::Role;
use crate::report::{json, text};

/// Shows where an id is found, whose it is, and its fields as fingerprints; never a value.
pub async fn show(config: Option<&Path>, args: args::Show, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let ledger = session.ledger_if_any().await?;
    let kinds = args.kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
    let Looked { mut reports, unknown } = look(&session, ledger.as_ref(), &args.id, kinds).await;
    reports.retain(ShowReport::is_found);
    if reports.is_empty() {
        return Err(not_found(&args.id, &unknown));
    }
    console.report(|| json::show(&reports), |paper| text::show(&reports, paper))?;
    Ok(0)
}

/// What the stores have, kind by kind, and why some cannot say.
struct Looked {
    reports: Vec<ShowReport>,
    unknown: BTreeSet<String>,
}

async fn look(session: &Session, ledger: Option<&Ledger>, id: &str, kinds: Vec<Kind>) -> Looked {
    let key = ledger.map_or_else(MasterKey::random, |ledger| ledger.key().clone()).subkey(Purpose::Fingerprint);
    let report = |kind| ShowReport { name: SecretName::new(kind, id), sights: Vec::new() };
    let mut looked = Looked { reports: kinds.into_iter().map(report).collect(), unknown: BTreeSet::new() };
    for (name, settings) in &session.config.stores {
        let store = session.store(name, role(session, name), ledger).await;
        for report in &mut looked.reports {
            let sight = match &store {
                Ok(store) => {
                    for called in other_names(session, name, &report.name) {
                        let sight = sight(store, &report.name, &called, &key).await;
                        report.sights.extend(Some(sight).filter(|sight| sight.state.is_some()));
                    }
                    sight(store, &report.name, &report.name, &key).await
                }
                Err(error) => unopened(name, settings.kind(), error),
            };
            // A store that cannot spell the name cannot have it; any other problem leaves the question open.
            if store.is_err() || sight.key.is_some() {
                looked.unknown.extend(sight.problem.clone().filter(|_| sight.state.is_none()));
            }
            report.sights.push(sight);
        }
    }
    looked
}

/// What jobs call a secret in a store, or could have made it from there, where that is another name.
fn other_names(session: &Session, store: &str, name: &SecretName) -> BTreeSet<SecretName> {
    let jobs = session.config.jobs.values();
    let names = jobs.flat_map(|job| {
        let given = job.targets.iter().any(|target| target == store).then(|| job.mapping.target(name));
        let made_from = if job.source == store { job.mapping.sources(name) } else { Vec::new() };
        given.into_iter().chain(made_from)
    });
    names.filter(|other| other != name).collect()
}

// A target may not exist before its first key is written; a source must.
fn role(session: &Session, store: &str) -> Role {
    let is_target = session.config.jobs.values().any(|job| job.targets.iter().any(|target| target == store));
    if is_target { Role::Target } else { Role::Source }
}

/// Unknown is not absent: a store that could not be asked is named.
fn not_found(id: &str, unknown: &BTreeSet<String>) -> Failure {
    let failure = if unknown.is_empty() {
        let hint = "an id is taken as it is written, capital letters too";
        Failure::usage(format!("no store has anything called {id:?}"), hint)
    } else {
        let reasons: Vec<_> = unknown.iter().map(String::as_str).collect();
        Failure::usage(
            format!("nothing called {id:?} was found, but not every store could be asked"),
            reasons.join("\n"),
        )
    };
    failure.with_exit_code(FOUND)
}
