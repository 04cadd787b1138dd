//! `audit`: the hash-chained log and its proof.

use std::path::Path;
use std::sync::Arc;

use super::console::Console;
use super::failure::{FOUND, Failure};
use super::history::{existing, find};
use super::session::Session;
use crate::ledger::AuditFilter;
use crate::model::Blind;
use crate::report::{json, text};

/// Shows the latest rows of the log.
pub async fn show(config: Option<&Path>, run: Option<&str>, limit: u32, console: &Console) -> Result<u8, Failure> {
    let session = Session::begin(config, Arc::new(Blind))?;
    let ledger = existing(&session).await?;
    let run = match run {
        None => None,
        Some(id) => Some(find(&ledger, id).await?.id),
    };
    let filter = AuditFilter { run, last: Some(limit), ..AuditFilter::default() };
    let rows = ledger.audit(&filter).await.map_err(Failure::ledger)?;
    console.report(|| json::audit(&rows), |paper| text::audit(&rows, paper))?;
    Ok(0)
}

/// Proves the chain.
pub async fn verify(config: Option<&Path>, console: &Console) -> Result<u8, Failure> {
    let session = Session::begin(config, Arc::new(Blind))?;
    let proof = existing(&session).await?.audit_verify().await.map_err(Failure::ledger)?;
    console.report(|| json::audit_proof(&proof), |paper| text::audit_proof(&proof, paper))?;
    Ok(if proof.broken.is_none() { 0 } else { FOUND })
}
