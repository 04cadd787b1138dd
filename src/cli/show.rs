//! `show`: one key in every store.

use std::path::Path;
use std::sync::Arc;

use super::args;
use super::console::Console;
use super::failure::{FOUND, Failure};
use super::progress::Progress;
use super::session::Session;
use crate::engine::{ShowReport, sight, unopened};
use crate::model::{Kind, MasterKey, Purpose, SecretName};
use crate::provider::Role;
use crate::report::{json, text};

/// Shows where an id is found, whose it is, and its fields as fingerprints; never a value.
pub async fn show(config: Option<&Path>, args: args::Show, console: &Console) -> Result<u8, Failure> {
    let progress = Arc::new(Progress::new(console.bars));
    let session = Session::begin(config, Arc::clone(&progress) as _)?;
    let ledger = session.ledger_if_any().await?;
    let key = ledger.as_ref().map_or_else(MasterKey::random, |ledger| ledger.key().clone());
    let kinds = args.kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
    let mut reports: Vec<_> = kinds
        .into_iter()
        .map(|kind| ShowReport { name: SecretName::new(kind, &args.id), sights: Vec::new() })
        .collect();
    for name in session.config.stores.keys() {
        let store = session.store(name, Role::Source, ledger.as_ref()).await;
        for report in &mut reports {
            report.sights.push(match &store {
                Ok(store) => sight(store, &report.name, &key.subkey(Purpose::Fingerprint)).await,
                Err(error) => unopened(name, session.config.stores[name].kind(), error),
            });
        }
    }
    if args.kind.is_none() {
        reports.retain(ShowReport::is_found);
    }
    if reports.is_empty() {
        let message = format!("no store has anything called {}", args.id);
        return Err(Failure { message, hints: Vec::new(), exit_code: FOUND });
    }
    for report in &reports {
        console.report(|| json::show(report), |paper| text::show(report, paper));
    }
    Ok(0)
}
