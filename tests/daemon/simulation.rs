//! Thirty days of two daemons on a simulated clock: it changes for summer and winter, steps back and forth, the machine
//! sleeps, daemons are killed and started again. Nothing is missed, nothing is done twice, whatever was missed is caught up once.
//!
//! The loop is the daemon's own; the clock, the alarm, the ledger and the runs are simulated.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use secretferry::config::{Config, parse};
use secretferry::daemon::Clock as _;
use secretferry::engine::{Pattern, Rhythm, Schedule};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::simulated::{LOOK, Ledger, Ran, Simulated, daemon, name, peer};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How long everything lasts.
const LENGTH: u64 = 30 * DAY;
/// How much later than its instant a run may begin: a ring was lost, or a daemon died during the run.
const LATEST: Duration = LOOK.saturating_add(Duration::from_secs(100));

/// When the clock jumps, in seconds from the beginning, and by how many seconds. The last one is the machine's sleep.
const JUMPS: [(u64, i64); 3] =
    [(4 * DAY + 20 * MINUTE, -3600), (6 * DAY + 20 * MINUTE, 3600), (9 * DAY + 7 * HOUR + 10 * MINUTE, 36_000)];

/// Which daemons are not there, from when to when.
const DOWN: [(&[usize], u64, u64); 4] = [
    (&[0], 2 * DAY + 3 * HOUR, 2 * DAY + 3 * HOUR + 5 * MINUTE),
    (&[1], 3 * DAY, 3 * DAY + 2 * HOUR),
    // In the middle of a run.
    (&[0, 1], 11 * DAY + 12 * HOUR + 2, 11 * DAY + 12 * HOUR + 20),
    (&[0, 1], 14 * DAY + 5 * HOUR + 7 * MINUTE, 14 * DAY + 8 * HOUR + 7 * MINUTE),
];

const JOBS: [(&str, &str, &str); 4] = [
    ("quarter", "*/15 * * * *", "Europe/Berlin"),
    ("gap", "30 2 * * *", "Europe/Berlin"),
    ("ten", "0 10 * * *", "Europe/Berlin"),
    ("howe", "15 2 * * *", "Australia/Lord_Howe"),
];

/// The config of both, each job on a target of its own.
fn config(zones: impl Fn(&str) -> TimeZone) -> Config {
    let store = |name: &str| format!("[stores.{name}]\nkind = 'local-files'\nvariables-file = '{name}.json'\n");
    let job = |(job, ..): &(&str, &str, &str)| {
        format!(
            "{}[jobs.{job}]\nsource = 'source'\ntarget = 'of-{job}'\nkinds = ['variables']\n",
            store(&format!("of-{job}"))
        )
    };
    let text =
        format!("[ledger]\nurl = 'sqlite://one.db'\n{}{}", store("source"), JOBS.iter().map(job).collect::<String>());
    let mut config = parse(Path::new("/simulated/secretferry.toml"), &text).unwrap();
    for (job, pattern, zone) in JOBS {
        let rhythm = Rhythm::Cron(Box::new(Pattern::parse(pattern).unwrap()));
        config.jobs.get_mut(job).unwrap().schedule = Some(Schedule::new(rhythm, zones(zone)));
    }
    config
}

/// Whether daemons look at the same ledger.
#[derive(Clone, Copy, PartialEq)]
enum Ledgers {
    One,
    OneEach,
}

/// Lets thirty days pass; gives what was wrong.
async fn simulate(begin: &str, zones: impl Fn(&str) -> TimeZone, ledgers: Ledgers) -> Vec<String> {
    let clock = Arc::new(Simulated { begin: begin.parse().unwrap(), start: Instant::now(), jumps: &JUMPS });
    let config = Arc::new(config(zones));
    let one = Arc::new(Mutex::new(Ledger::default()));
    let other = if ledgers == Ledgers::One { Arc::clone(&one) } else { Arc::default() };
    let ledgers = [one, other];
    let start = |which: usize| {
        ledgers[which].lock().unwrap().alive.push(peer(which, clock.now()));
        tokio::spawn(daemon(which, Arc::clone(&config), Arc::clone(&clock), Arc::clone(&ledgers[which])))
    };
    let mut daemons: [JoinHandle<()>; 2] = [start(0), start(1)];
    for (which, from, to) in DOWN {
        sleep_until(clock.start + Duration::from_secs(from)).await;
        for which in which {
            daemons[*which].abort();
            ledgers[*which].lock().unwrap().alive.retain(|peer| peer.daemon.id != name(*which));
        }
        sleep_until(clock.start + Duration::from_secs(to)).await;
        which.iter().for_each(|which| daemons[*which] = start(*which));
    }
    sleep_until(clock.start + Duration::from_secs(LENGTH)).await;
    daemons.iter().for_each(JoinHandle::abort);
    let mut runs = std::mem::take(&mut ledgers[0].lock().unwrap().runs);
    runs.append(&mut ledgers[1].lock().unwrap().runs);
    JOBS.iter().flat_map(|(job, pattern, zone)| judged(&clock, job, pattern, zone, &runs)).collect()
}

/// When nobody could do anything, on the clock on the wall.
fn blind(clock: &Simulated) -> Vec<(Timestamp, Timestamp)> {
    let before = |at: u64| clock.wall(Duration::from_secs(at) - Duration::from_nanos(1));
    let jumps =
        JUMPS.iter().filter(|(_, by)| *by > 0).map(|(at, _)| (before(*at), clock.wall(Duration::from_secs(*at))));
    let down = DOWN.iter().filter(|(which, ..)| which.len() == 2);
    jumps.chain(down.map(|(_, from, to)| (before(*from), clock.wall(Duration::from_secs(*to))))).collect()
}

/// Holds what was done against what a person would have expected.
fn judged(clock: &Simulated, job: &str, pattern: &str, zone: &str, runs: &[Ran]) -> Vec<String> {
    let end = clock.wall(Duration::from_secs(LENGTH)).checked_sub(LATEST).unwrap();
    let expected = expected(pattern, zone, clock.begin, end);
    let blind = blind(clock);
    let window = |at: &Timestamp| blind.iter().find(|(from, to)| from < at && at <= to).copied();
    let mut faults = Vec::new();
    let mut times: BTreeMap<Timestamp, usize> = BTreeMap::new();
    for ran in runs.iter().filter(|ran| ran.job == job && ran.instant <= end) {
        *times.entry(ran.instant).or_default() += 1;
        let from = window(&ran.instant).map_or(ran.instant, |(_, to)| to);
        if ran.begun < ran.instant || ran.begun > from + LATEST {
            faults.push(format!("{job}: {} was run at {}", ran.instant, ran.begun));
        }
    }
    faults.extend(
        times.iter().filter(|(_, times)| **times > 1).map(|(at, times)| format!("{job}: {at} was run {times} times")),
    );
    faults.extend(times.keys().filter(|at| !expected.contains(at)).map(|at| format!("{job}: {at} was never due")));
    let missed = expected.iter().filter(|at| window(at).is_none() && !times.contains_key(at));
    faults.extend(missed.map(|at| format!("{job}: {at} was missed")));
    for (from, to) in blind {
        let within = |at: &&Timestamp| from < **at && **at <= to;
        let (due, ran) = (expected.iter().filter(within).count(), times.keys().filter(within).count());
        if ran != due.min(1) {
            faults.push(format!("{job}: of {due} instants until {to}, {ran} were caught up"));
        }
    }
    faults
}

/// The instants as a person finds them who looks at a clock on the wall every minute: the quarters of every hour, or the
/// first moment of a day at which it shows that time or a later one.
fn expected(pattern: &str, zone: &str, begin: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let zone = TimeZone::get(zone).unwrap();
    let fields: Vec<Option<i8>> = pattern.split(' ').take(2).map(|field| field.parse().ok()).collect();
    let mut found = Vec::new();
    let mut last = None;
    let mut at = begin;
    while at <= end {
        let shown = at.to_zoned(zone.clone());
        match (fields[0], fields[1]) {
            (Some(minute), Some(hour)) if (shown.hour(), shown.minute()) >= (hour, minute) => {
                if last != Some(shown.date()) && at > begin {
                    found.push(at);
                }
                last = Some(shown.date());
            }
            (None, None) if shown.minute() % 15 == 0 && at > begin => found.push(at),
            _ => {}
        }
        at += 1.minute();
    }
    found
}

fn truly(zone: &str) -> TimeZone {
    TimeZone::get(zone).unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_missed_or_done_twice_when_summer_begins() {
    assert_eq!(simulate("2026-03-15T00:00:00Z", truly, Ledgers::One).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_missed_or_done_twice_when_summer_ends() {
    assert_eq!(simulate("2026-10-01T00:00:00Z", truly, Ledgers::One).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_missed_or_done_twice_around_a_leap_day() {
    assert_eq!(simulate("2028-02-15T00:00:00Z", truly, Ledgers::One).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_frozen_to_its_first_offset_is_noticed() {
    let begin: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
    let frozen = |zone: &str| TimeZone::fixed(truly(zone).to_offset(begin));
    let faults = simulate("2026-10-01T00:00:00Z", frozen, Ledgers::One).await;
    assert!(faults.iter().any(|fault| fault.starts_with("ten: ") && fault.ends_with("was missed")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("ten: ") && fault.ends_with("was never due")), "{faults:?}");
}

#[tokio::test(start_paused = true)]
async fn daemons_that_share_nothing_are_noticed() {
    let faults = simulate("2026-10-01T00:00:00Z", truly, Ledgers::OneEach).await;
    assert!(faults.iter().any(|fault| fault.ends_with("was run 2 times")), "{faults:?}");
}
