//! `daemon`: runs jobs when they are due, until it is told to end.

use std::path::Path;

use super::console::Console;
use super::failure::{FAILED, Failure};
use crate::config::{ConfigError, load};
use crate::daemon::notify::Notifier;
use crate::daemon::{DaemonError, End, live};

/// Works until a signal asks it to end; exits with 0 where all that was under way was finished.
pub async fn daemon(config: Option<&Path>, console: &Console) -> Result<u8, Failure> {
    let config = load(config).map_err(Failure::config)?;
    let missing = config.missing(|_| true);
    if !missing.is_empty() {
        return Err(Failure::config(missing));
    }
    let faults = Notifier::faults(&config.notify).into_iter().map(|fault| ConfigError::new(&config.file, fault));
    let faults: Vec<_> = faults.collect();
    if !faults.is_empty() {
        return Err(Failure::config(faults));
    }
    if config.jobs.is_empty() {
        return Err(Failure::usage("the config has no job", "add a table [jobs.NAME] with a [jobs.NAME.schedule]"));
    }
    match live(config).await {
        Ok(End::Drained) => Ok(0),
        Ok(End::Cut) => {
            console.tell("The time of grace ran out; the next daemon settles what was in flight.");
            // What is still under way keeps its lease until that ends by itself: nothing is given back that is in use.
            std::process::exit(0);
        }
        Err(error) => Err(failure(&error)),
    }
}

fn failure(error: &DaemonError) -> Failure {
    let failure = Failure::local(error.to_string()).with_exit_code(FAILED);
    match error.remedy() {
        Some(remedy) => failure.with_hint(remedy),
        None => failure,
    }
}
