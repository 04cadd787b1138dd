//! How a run gets the lease on its target: at once, or under `apply --retry-lock` as soon as whoever holds it is done.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::console::Console;
use super::failure::Failure;
use crate::engine::Job;
use crate::ledger::{Holder, Lease, Ledger, LedgerError};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// The lease on the job's target, waited for as long as `patience` allows, or a failure that says who still holds it.
///
/// It is the run's own lease: nobody can come between the wait and the run.
pub async fn lease(
    ledger: &Ledger,
    identity: &str,
    job: &Job,
    patience: Duration,
    console: &Console,
) -> Result<Lease, Failure> {
    let (until, mut told) = (Instant::now() + patience, false);
    loop {
        match ledger.lease(identity, &Holder::here(&job.name)).await {
            Err(LedgerError::Held { by, .. }) if Instant::now() + PAUSE < until => {
                if !told {
                    console.tell(&format!("{} is held by {by}; waiting for it.", job.target));
                }
                told = true;
                sleep(PAUSE).await;
            }
            taken => return taken.map_err(Failure::ledger),
        }
    }
}
