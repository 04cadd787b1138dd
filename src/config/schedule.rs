//! The `[jobs.x.schedule]` table: when a job is due.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{TimeZone, db};
use serde::Deserialize;

use crate::engine::{CatchUp, Overlap, Pattern, PatternFault, Rhythm, Schedule};
use crate::settings::{DurationText, SettingsFault, nearest};

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ScheduleTable {
    cron: Option<String>,
    every: Option<DurationText>,
    timezone: Option<String>,
    jitter: Option<DurationText>,
    #[serde(default)]
    catch_up: CatchUpWord,
    #[serde(default)]
    on_overlap: OverlapWord,
    #[serde(default)]
    at_start: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CatchUpWord {
    #[default]
    Once,
    Skip,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OverlapWord {
    #[default]
    Skip,
    QueueOne,
}

const ZONE_HINT: &str = "write an IANA name such as \"Europe/Berlin\", or \"UTC\"";

impl ScheduleTable {
    /// The schedule; every fault of the table at once, by their keys in the job's table.
    pub(super) fn schedule(&self, faults: &mut Vec<SettingsFault>) -> Option<Schedule> {
        let zone = self.zone().map_err(|fault| faults.push(fault)).ok();
        let rhythm = self.rhythm(zone.as_ref()).map_err(|found| faults.extend(found)).ok();
        let mut schedule = Schedule::new(rhythm?, zone?);
        schedule.catch_up = self.catch_up.into();
        schedule.overlap = self.on_overlap.into();
        schedule.at_start = self.at_start;
        let Some(DurationText(jitter)) = self.jitter else { return Some(schedule) };
        if let Some(fault) = jitter_fault(&schedule, jitter) {
            faults.push(fault);
            return None;
        }
        Some(schedule.with_jitter(jitter))
    }

    fn zone(&self) -> Result<TimeZone, SettingsFault> {
        let Some(name) = &self.timezone else { return Ok(TimeZone::UTC) };
        TimeZone::get(name).map_err(|_| {
            let hint = near_zone(name).map(|near| format!("did you mean \"{near}\"?"));
            let fault = SettingsFault::new("schedule.timezone", format!("no time zone is called {name:?}"));
            fault.with_hint(hint.unwrap_or_else(|| ZONE_HINT.to_owned()))
        })
    }

    fn rhythm(&self, zone: Option<&TimeZone>) -> Result<Rhythm, Vec<SettingsFault>> {
        let cron = self.cron.as_ref().map(|cron| Pattern::parse(cron).map_err(|fault| cron_fault(cron, &fault, zone)));
        let every = self.every.map(|every| seconds(every.0));
        match (cron, every) {
            (Some(cron), None) => cron.map(|cron| Rhythm::Cron(Box::new(cron))).map_err(|fault| vec![fault]),
            (None, Some(every)) => every.map(Rhythm::Every).map_err(|fault| vec![fault]),
            (None, None) => {
                let fault = SettingsFault::new("schedule", "neither cron nor every is given");
                Err(vec![fault.with_hint("write cron = \"*/15 * * * *\" or every = \"15m\"")])
            }
            (Some(cron), Some(every)) => {
                let both = SettingsFault::new("schedule.every", "cron is given too; write one of the two");
                Err(cron.err().into_iter().chain(every.err()).chain([both]).collect())
            }
        }
    }
}

/// What is wrong with a pattern; where a near one is right, when that one would be due.
fn cron_fault(text: &str, fault: &PatternFault, zone: Option<&TimeZone>) -> SettingsFault {
    let problem = &fault.problem;
    let problem =
        if problem.contains(text) || text.trim().is_empty() { problem.clone() } else { format!("{text:?}: {problem}") };
    let told = SettingsFault::new("schedule.cron", problem);
    if let Some(meant) = &fault.meant {
        let zone = zone.cloned().unwrap_or(TimeZone::UTC);
        let next = std::iter::successors(meant.next_after(Timestamp::now(), &zone), |at| meant.next_after(*at, &zone));
        let next: Vec<_> =
            next.take(3).map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()).collect();
        let zone = zone.iana_name().unwrap_or("UTC");
        return told.with_hint(format!("did you mean \"{}\"? next due at {} ({zone})", meant.text(), next.join(", ")));
    }
    match &fault.hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    }
}

fn seconds(every: Duration) -> Result<Duration, SettingsFault> {
    let refused = |problem, hint| Err(SettingsFault::new("schedule.every", problem).with_hint(hint));
    if every.subsec_nanos() > 0 || every.is_zero() {
        return refused("the least is a second, and a second is not divided", "write \"1s\" or more, such as \"15m\"");
    }
    if every > LONGEST {
        return refused("so rarely nobody would notice that it stopped", "write \"366d\" or less");
    }
    Ok(every)
}

const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn jitter_fault(schedule: &Schedule, jitter: Duration) -> Option<SettingsFault> {
    let gap = schedule.shortest_gap().filter(|gap| *gap <= jitter)?;
    let problem = format!("no shorter than the {} seconds between two instants, which could meet", gap.as_secs());
    let fault = SettingsFault::new("schedule.jitter", problem);
    Some(fault.with_hint(format!("write less than \"{}s\"", gap.as_secs())))
}

/// The zone that was probably meant, by its whole name or by its place alone.
fn near_zone(name: &str) -> Option<String> {
    let known: Vec<_> = db().available().map(|zone| zone.to_string()).collect();
    let place = |zone: &str| zone.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
        return Some(near.to_owned());
    }
    let wanted = place(&name.replace(' ', "_"));
    let near = nearest(&wanted, known.iter().map(|zone| zone.rsplit('/').next().unwrap_or_default()))?;
    known.iter().find(|zone| place(zone) == near).cloned()
}

impl From<CatchUpWord> for CatchUp {
    fn from(word: CatchUpWord) -> Self {
        match word {
            CatchUpWord::Once => Self::Once,
            CatchUpWord::Skip => Self::Skip,
        }
    }
}

impl From<OverlapWord> for Overlap {
    fn from(word: OverlapWord) -> Self {
        match word {
            OverlapWord::Skip => Self::Skip,
            OverlapWord::QueueOne => Self::QueueOne,
        }
    }
}
