//! Whether it is a job's turn: the one rule of catching up, run now, take-over and overlap.
//!
//! A job is due while there is an instant that has come and is not done yet, whoever did the others.

use jiff::Timestamp;

use super::{CatchUp, Schedule};

/// What is known of a job when its turn is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The latest instant whose work is done; `None` for a job that never ran.
    pub done_at: Option<Timestamp>,
    /// When somebody last asked for a run.
    pub asked: Option<Timestamp>,
    /// Since when it is paused; `None` where it is not.
    pub paused: Option<Timestamp>,
    /// When this daemon began.
    pub since: Timestamp,
}

/// When it is a job's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now, for this instant.
    Due(Timestamp),
    /// Then, as far as is known.
    At(Timestamp),
    /// Not before somebody asks.
    Never,
}

/// Judges whether it is a job's turn; of several instants that are due, the latest stands for all.
///
/// A paused job waits, except for a run that was asked for after the pause.
pub fn turn(schedule: Option<&Schedule>, job: &str, known: &Known, now: Timestamp) -> Turn {
    let scheduled = schedule.filter(|_| known.paused.is_none());
    let open = |instant: &Timestamp| known.done_at.is_none_or(|done_at| done_at < *instant);
    let asked = known.asked.filter(|asked| known.paused.is_none_or(|paused| paused < *asked)).filter(open);
    let start = scheduled.filter(|schedule| schedule.at_start).map(|_| known.since).filter(open);
    let latest = scheduled.and_then(|schedule| schedule.latest(job, now, floor(schedule, known)));
    let come = |instant: &Timestamp| *instant <= now;
    if let Some(due) = [asked.filter(come), start.filter(come), latest].into_iter().flatten().max() {
        return Turn::Due(due);
    }
    let next = scheduled.and_then(|schedule| schedule.next_after(job, now.max(floor(schedule, known))));
    [asked, start, next].into_iter().flatten().min().map_or(Turn::Never, Turn::At)
}

/// Until when no instant of the schedule counts.
fn floor(schedule: &Schedule, known: &Known) -> Timestamp {
    match (known.done_at, schedule.catch_up) {
        (None, _) => known.since,
        (Some(done_at), CatchUp::Once) => done_at,
        (Some(done_at), CatchUp::Skip) => done_at.max(known.since),
    }
}
