//! The instants of schedules: both changes of the clock, leap days, odd zones, the end of the year; found from both ends.

use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use secretferry::engine::{Pattern, Rhythm, Schedule};

fn cron(pattern: &str, zone: &str) -> Schedule {
    Schedule::new(Rhythm::Cron(Box::new(Pattern::parse(pattern).unwrap())), TimeZone::get(zone).unwrap())
}

fn every(seconds: u64) -> Schedule {
    Schedule::new(Rhythm::Every(Duration::from_secs(seconds)), TimeZone::UTC)
}

fn instants(schedule: &Schedule, after: Timestamp, count: usize) -> Vec<Timestamp> {
    let next = |at: &Timestamp| schedule.next_after("j", *at);
    std::iter::successors(next(&after), next).take(count).collect()
}

/// The instants after a moment, as the clock of the zone shows them.
fn check(pattern: &str, zone: &str, after: &str, expected: &[&str]) {
    let schedule = cron(pattern, zone);
    let after: Timestamp = after.parse().unwrap();
    let found = instants(&schedule, after, expected.len());
    let shown: Vec<_> = found
        .iter()
        .map(|at| at.to_zoned(schedule.time_zone().clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
        .collect();
    assert_eq!(shown, expected, "{pattern} in {zone}");
    // From the other end the same.
    for (at, before) in found.iter().zip([after].iter().chain(&found)) {
        assert_eq!(schedule.latest("j", *at, *before), Some(*at), "{pattern} in {zone}");
        let short = at.checked_sub(1.millisecond()).unwrap();
        assert_eq!(schedule.latest("j", short, *before), None, "{pattern} in {zone} until {short}");
    }
}

#[test]
fn a_time_of_day_stays_when_the_offset_changes() {
    let expected = ["2026-03-28 10:00:00 +01:00", "2026-03-29 10:00:00 +02:00", "2026-03-30 10:00:00 +02:00"];
    check("0 10 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", &expected);
    let expected = ["2026-10-24 10:00:00 +02:00", "2026-10-25 10:00:00 +01:00", "2026-10-26 10:00:00 +01:00"];
    check("0 10 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", &expected);
    let expected = ["2026-11-01 00:00:00 -04:00", "2026-11-02 00:00:00 -05:00"];
    check("@daily", "America/New_York", "2026-10-31T12:00:00Z", &expected);
}

#[test]
fn a_time_that_is_left_out_moves_to_the_end_of_the_gap() {
    let expected = ["2026-03-28 02:30:00 +01:00", "2026-03-29 03:00:00 +02:00", "2026-03-30 02:30:00 +02:00"];
    check("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", &expected);
    let expected = ["2026-10-03 02:15:00 +10:30", "2026-10-04 02:30:00 +11:00", "2026-10-05 02:15:00 +11:00"];
    check("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T15:00:00Z", &expected);
}

#[test]
fn a_midnight_that_is_left_out_is_the_first_moment_of_its_day() {
    // Beirut's gap is from 00:00 to 01:00.
    let expected = ["2026-03-28 00:00:00 +02:00", "2026-03-29 01:00:00 +03:00", "2026-03-30 00:00:00 +03:00"];
    check("@daily", "Asia/Beirut", "2026-03-27T12:00:00Z", &expected);
}

#[test]
fn a_time_that_comes_twice_counts_once() {
    let expected = ["2026-10-24 02:30:00 +02:00", "2026-10-25 02:30:00 +02:00", "2026-10-26 02:30:00 +01:00"];
    check("30 2 * * *", "Europe/Berlin", "2026-10-23T23:00:00Z", &expected);
}

#[test]
fn a_repeated_pattern_goes_on_through_both_hours() {
    let expected = [
        "2026-10-25 02:30:00 +02:00",
        "2026-10-25 02:00:00 +01:00",
        "2026-10-25 02:30:00 +01:00",
        "2026-10-25 03:00:00 +01:00",
    ];
    check("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", &expected);
    let expected = ["2026-03-29 01:30:00 +01:00", "2026-03-29 03:00:00 +02:00", "2026-03-29 03:30:00 +02:00"];
    check("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", &expected);
    let expected = ["2026-04-05 01:30:00 +10:30", "2026-04-05 02:00:00 +10:30", "2026-04-05 02:30:00 +10:30"];
    check("*/30 * * * *", "Australia/Lord_Howe", "2026-04-04T14:30:01Z", &expected);
}

#[test]
fn leap_days_odd_offsets_and_the_end_of_the_year() {
    let expected = ["2028-02-29 12:00:00 +00:00", "2032-02-29 12:00:00 +00:00"];
    check("0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", &expected);
    let expected = ["2026-02-28 06:00:00 +05:45", "2026-03-31 06:00:00 +05:45"];
    check("0 6 L * *", "Asia/Kathmandu", "2026-02-01T00:00:00Z", &expected);
    let expected = ["2026-12-31 23:59:59 +01:00", "2027-01-01 23:59:59 +01:00"];
    check("59 59 23 * * *", "Europe/Berlin", "2026-12-31T22:00:00Z", &expected);
    check("@yearly", "Pacific/Kiritimati", "2026-06-01T00:00:00Z", &["2027-01-01 00:00:00 +14:00"]);
    let expected = ["2026-11-27 18:00:00 -06:00", "2026-11-30 18:00:00 -06:00"];
    check("0 18 * * MON-FRI", "America/Chicago", "2026-11-27T00:30:00Z", &expected);
}

#[test]
fn a_number_of_seconds_is_counted_from_1970_by_all_alike() {
    let found = instants(&every(900), "2026-10-25T00:07:30.5Z".parse().unwrap(), 2);
    let expected: [Timestamp; 2] = ["2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"].map(|at| at.parse().unwrap());
    assert_eq!(found, expected);
    let before: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
    assert_eq!(instants(&every(7), before, 1), [Timestamp::UNIX_EPOCH]);
    assert_eq!(every(900).latest("j", expected[1], expected[0]), Some(expected[1]));
    assert_eq!(every(900).latest("j", expected[1], expected[1]), None);
}

#[test]
fn the_delay_of_an_instant_is_the_same_for_all_who_ask_and_not_for_all_jobs() {
    let schedule = every(900).with_jitter(Duration::from_secs(300));
    let at = "2026-10-25T00:00:00Z".parse().unwrap();
    let [one, same, other] = ["a", "a", "b"].map(|job| schedule.next_after(job, at).unwrap());
    assert_eq!(one, same);
    assert_ne!(one, other);
    let delays: Vec<_> = instants(&schedule, at, 200).iter().map(|at| at.as_second().rem_euclid(900)).collect();
    assert!(delays.iter().all(|delay| (0..=300).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < 60) && delays.iter().any(|delay| *delay > 240), "{delays:?}");
}

/// What tokio-cron-scheduler does by itself: the offset of the first day for ever.
fn frozen(pattern: &str, zone: &str, at: Timestamp) -> Schedule {
    let offset = TimeZone::get(zone).unwrap().to_offset(at);
    Schedule::new(Rhythm::Cron(Box::new(Pattern::parse(pattern).unwrap())), TimeZone::fixed(offset))
}

#[test]
fn an_offset_that_is_frozen_at_the_start_is_an_hour_off_after_the_change() {
    let begin = date(2026, 3, 20).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let right = instants(&cron("0 10 * * *", "Europe/Berlin"), begin, 20);
    let wrong = instants(&frozen("0 10 * * *", "Europe/Berlin", begin), begin, 20);
    assert_eq!(right[..9], wrong[..9]);
    assert!(right[9..].iter().zip(&wrong[9..]).all(|(right, wrong)| *right + 1.hour() == *wrong));
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Asia/Beirut",
    "Africa/Casablanca",
];

const PATTERNS: [&str; 12] = [
    "30 2 * * *",
    "0 0 * * *",
    "*/15 * * * *",
    "*/7 * * * *",
    "0 */6 * * *",
    "0 1-4 * * *",
    "0,30 1,2,3 * * *",
    "15 2 * * SUN",
    "*/20 30 2 * * *",
    "0 3 1 * *",
    "0 12 L * *",
    "0 0 29 2 *",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Looking forward and looking back see the same instants, in their order, delays included.
    #[test]
    fn both_directions_agree(
        zone in 0..ZONES.len(), pattern in 0..PATTERNS.len(), begin in 1_767_225_600_i64..1_830_297_600, jitter in 0_u64..120,
    ) {
        let schedule = cron(PATTERNS[pattern], ZONES[zone]).with_jitter(Duration::from_secs(jitter));
        let begin = Timestamp::from_second(begin).unwrap();
        let found = instants(&schedule, begin, 40);
        let mut before = begin;
        for at in found {
            prop_assert!(before < at);
            prop_assert_eq!(schedule.latest("j", at, before), Some(at));
            let short = at.checked_sub(1.millisecond()).unwrap();
            prop_assert_eq!(schedule.latest("j", short, before), None);
            before = at;
        }
    }

    /// However near two instants are, a delay never brings one before the other.
    #[test]
    fn no_instant_overtakes_another(begin in 1_767_225_600_i64..1_830_297_600, jitter in 1_u64..100_000) {
        let schedule = cron("0,1,59 * * * *", "Europe/Berlin").with_jitter(Duration::from_secs(jitter));
        let plain = cron("0,1,59 * * * *", "Europe/Berlin");
        let begin = Timestamp::from_second(begin).unwrap();
        let nominal = instants(&plain, begin, 30);
        let delayed = instants(&schedule, nominal[0].checked_sub(1.nanosecond()).unwrap(), 29);
        for (index, at) in delayed.iter().enumerate() {
            prop_assert!(nominal[index] <= *at && *at < nominal[index + 1], "{at} for {}", nominal[index]);
        }
    }
}
