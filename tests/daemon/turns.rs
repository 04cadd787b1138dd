//! Whether it is a job's turn, row by row.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secretferry::engine::{CatchUp, Known, Overlap, Rhythm, Schedule, Turn, turn};

fn at(text: &str) -> Timestamp {
    format!("2026-11-23T{text}Z").parse().unwrap()
}

fn quarters() -> Schedule {
    Schedule::new(Rhythm::Every(Duration::from_secs(900)), TimeZone::UTC)
}

fn known(done_at: Option<&str>, since: &str) -> Known {
    Known { done_at: done_at.map(at), asked: None, paused: None, since: at(since) }
}

fn check(schedule: &Schedule, known: Known, now: &str, expected: Turn) {
    assert_eq!(turn(Some(schedule), "j", &known, at(now)), expected, "{known:?} at {now}");
}

#[test]
fn what_has_come_and_is_not_done_is_due() {
    let schedule = quarters();
    check(&schedule, known(Some("10:00:05"), "09:00:00"), "10:14:59", Turn::At(at("10:15:00")));
    check(&schedule, known(Some("10:00:05"), "09:00:00"), "10:15:00", Turn::Due(at("10:15:00")));
    check(&schedule, known(Some("10:15:00"), "09:00:00"), "10:15:00", Turn::At(at("10:30:00")));
}

#[test]
fn whatever_was_missed_is_due_once_and_by_its_latest_instant() {
    check(&quarters(), known(Some("01:00:05"), "11:00:00"), "11:00:01", Turn::Due(at("11:00:00")));
    let mut skip = quarters();
    skip.catch_up = CatchUp::Skip;
    check(&skip, known(Some("01:00:05"), "11:01:00"), "11:02:00", Turn::At(at("11:15:00")));
    check(&skip, known(Some("01:00:05"), "11:01:00"), "11:15:00", Turn::Due(at("11:15:00")));
}

#[test]
fn a_job_that_never_ran_begins_with_the_next_instant_or_with_the_daemon() {
    check(&quarters(), known(None, "11:01:00"), "11:02:00", Turn::At(at("11:15:00")));
    let mut schedule = quarters();
    schedule.at_start = true;
    check(&schedule, known(None, "11:01:00"), "11:02:00", Turn::Due(at("11:01:00")));
    check(&schedule, known(Some("11:01:30"), "11:01:00"), "11:02:00", Turn::At(at("11:15:00")));
    check(&schedule, known(None, "11:01:00"), "11:00:00", Turn::At(at("11:01:00")));
}

#[test]
fn who_asks_is_answered_once() {
    let asked = |when: &str, done: &str| Known { asked: Some(at(when)), ..known(Some(done), "09:00:00") };
    check(&quarters(), asked("10:05:00", "10:00:05"), "10:05:01", Turn::Due(at("10:05:00")));
    check(&quarters(), asked("10:05:00", "10:05:02"), "10:05:03", Turn::At(at("10:15:00")));
    // The ledger's clock may be ahead of ours.
    check(&quarters(), asked("10:05:02", "10:00:05"), "10:05:01", Turn::At(at("10:05:02")));
    let unscheduled = turn(None, "j", &asked("10:05:00", "10:00:05"), at("10:05:01"));
    assert_eq!(unscheduled, Turn::Due(at("10:05:00")));
    assert_eq!(turn(None, "j", &known(None, "09:00:00"), at("10:05:01")), Turn::Never);
}

#[test]
fn a_paused_job_waits_unless_somebody_asks_after_all() {
    let paused = Known { paused: Some(at("10:10:00")), ..known(Some("10:00:05"), "09:00:00") };
    check(&quarters(), paused, "12:00:00", Turn::Never);
    check(&quarters(), Known { asked: Some(at("10:09:00")), ..paused }, "12:00:00", Turn::Never);
    let asked = Known { asked: Some(at("11:00:00")), ..paused };
    check(&quarters(), asked, "12:00:00", Turn::Due(at("11:00:00")));
    check(&quarters(), Known { done_at: Some(at("11:00:09")), ..asked }, "12:00:00", Turn::Never);
}

#[test]
fn what_comes_due_during_a_run_is_done_with_it_or_follows_once() {
    let (instant, ended) = (at("10:00:00"), at("10:47:00"));
    let mut schedule = quarters();
    assert_eq!(schedule.done_at(instant, ended), ended);
    schedule.overlap = Overlap::QueueOne;
    let done = schedule.done_at(instant, ended);
    let after = Known { done_at: Some(done), ..known(None, "09:00:00") };
    check(&schedule, after, "10:47:00", Turn::Due(at("10:45:00")));
    check(&schedule, Known { done_at: Some(at("10:45:00")), ..after }, "10:48:00", Turn::At(at("11:00:00")));
}

#[test]
fn a_clock_that_goes_back_makes_nothing_due_again() {
    check(&quarters(), known(Some("11:00:05"), "09:00:00"), "10:20:00", Turn::At(at("11:15:00")));
}
