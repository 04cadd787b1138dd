//! `apply --retry-lock`: waits for a target that another run holds.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::console::Console;
use super::failure::Failure;
use super::session::Session;
use crate::engine::Job;
use crate::ledger::{Holder, LedgerError};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until the job's target is free, or fails with who still holds it.
pub async fn wait_for(session: &Session, job: &Job, patience: Duration, console: &Console) -> Result<(), Failure> {
    let ledger = session.ledger().await?;
    let identity = session.config.stores.get(&job.target).map(|store| store.identity()).unwrap_or_default();
    let (until, mut told) = (Instant::now() + patience, false);
    loop {
        match ledger.lease(&identity, &Holder::here(&job.name)).await {
            Ok(lease) => return lease.release().await.map_err(Failure::ledger),
            Err(LedgerError::Held { by, .. }) if Instant::now() + PAUSE < until => {
                if !told {
                    console.tell(&format!("{} is held by {by}; waiting for it.", job.target));
                }
                told = true;
                sleep(PAUSE).await;
            }
            Err(error) => return Err(Failure::ledger(error)),
        }
    }
}
