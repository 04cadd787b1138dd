//! `secretferry.schedule/1`: when jobs are next due.

use jiff::Zoned;
use serde::Serialize;

use super::rendered;
use crate::report::agenda::{Agenda, Times};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    jobs: Vec<Job<'a>>,
}

#[derive(Serialize)]
struct Job<'a> {
    job: &'a str,
    schedule: Option<Schedule<'a>>,
}

#[derive(Serialize)]
struct Schedule<'a> {
    written: &'a str,
    words: &'a str,
    timezone: &'a str,
    next: Vec<Instant>,
}

#[derive(Serialize)]
struct Instant {
    utc: String,
    local: String,
}

/// Renders jobs and their next instants, in the order given.
pub fn schedule(agendas: &[Agenda]) -> String {
    let jobs = agendas.iter().map(|agenda| Job { job: &agenda.job, schedule: agenda.plan.as_ref().map(Schedule::of) });
    rendered(&Report { schema: "secretferry.schedule/1", jobs: jobs.collect() })
}

impl<'a> Schedule<'a> {
    fn of(times: &'a Times) -> Self {
        let next = times.next.iter().map(Instant::of).collect();
        Self { written: &times.written, words: &times.words, timezone: &times.zone, next }
    }
}

impl Instant {
    fn of(at: &Zoned) -> Self {
        Self { utc: at.timestamp().to_string(), local: at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() }
    }
}
