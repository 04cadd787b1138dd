//! When a job is next due, as plain data.

use jiff::{Timestamp, Zoned};

use crate::engine::Schedule;

/// A job and its next instants.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// The job.
    pub job: String,
    /// When it is due; `None` for a job that only people start.
    pub plan: Option<Times>,
}

/// When a job is due.
#[derive(Debug, Clone)]
pub struct Times {
    /// As it is written.
    pub written: String,
    /// In words.
    pub words: String,
    /// The zone's name.
    pub zone: String,
    /// Its next instants, on the clock of that zone.
    pub next: Vec<Zoned>,
}

impl Agenda {
    /// The next `count` instants of a job.
    pub fn of(job: &str, schedule: Option<&Schedule>, now: Timestamp, count: usize) -> Self {
        let times = |schedule: &Schedule| {
            let next = |at: &Timestamp| schedule.next_after(job, *at);
            let instants = std::iter::successors(next(&now), next).take(count);
            Times {
                written: schedule.written(),
                words: schedule.words(),
                zone: schedule.zone(),
                next: instants.map(|at| at.to_zoned(schedule.time_zone().clone())).collect(),
            }
        };
        Self { job: job.to_owned(), plan: schedule.map(times) }
    }
}
