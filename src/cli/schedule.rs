//! `schedule`: when each job is next due. Needs no store, no ledger, and nothing that the config refers to.

use std::path::Path;

use jiff::Timestamp;

use super::args;
use super::console::Console;
use super::failure::Failure;
use crate::config::load;
use crate::report::{Agenda, json, text};

/// Prints the next instants of every job, or of those that are named.
pub fn schedule(config: Option<&Path>, args: &args::Schedule, console: &Console) -> Result<u8, Failure> {
    let config = load(config).map_err(Failure::config)?;
    let named = args.jobs.iter().map(|name| config.job(Some(name)));
    let named: Vec<_> = named.collect::<Result<_, _>>().map_err(|error| Failure::config(vec![error]))?;
    let jobs = if named.is_empty() { config.jobs.values().collect() } else { named };
    let now = Timestamp::now();
    let agendas = jobs.iter().map(|job| Agenda::of(&job.name, job.schedule.as_ref(), now, usize::from(args.next)));
    let agendas: Vec<_> = agendas.collect();
    console.report(|| json::schedule(&agendas), |paper| text::schedule(&agendas, paper))?;
    Ok(0)
}
