//! Several targets of a job, jobs that follow each other, and loops of them.

use super::faults::{SOUND, check, read};

const DAILY: &str = "schedule = { cron = '@daily' }";

/// The sound stores, three more to write to, and one that is the first of those under another name.
fn stores() -> String {
    let chest = |name: &str, place: &str| {
        format!("[stores.{name}]\nkind = 'chest'\naddress = 'https://{place}'\nfolder = '{place}'\n")
    };
    [SOUND.to_owned(), chest("c", "c"), chest("d", "d"), chest("e", "e"), chest("c2", "c")].concat()
}

fn job(name: &str, source: &str, targets: &str, more: &str) -> String {
    format!("[jobs.{name}]\nsource = '{source}'\ntargets = [{targets}]\n{more}\n")
}

fn config(jobs: &[String]) -> String {
    format!("{}{}", stores(), jobs.concat())
}

#[test]
fn a_job_has_several_targets() {
    let config = read(&config(&[job("j", "a", "'c', 'd'", "")])).unwrap();
    assert_eq!(config.job(None).unwrap().targets, ["c", "d"]);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn two_targets_of_one_job_are_two_places() {
    check(
        &config(&[job("j", "a", "'c', 'c2'", "")]),
        "jobs.j: job j: its targets c and c2 are one place, and both may write `z`; drop one",
    );
    check(
        &config(&[job("j", "a", "'c', 'd'", ""), job("k", "b", "'e', 'c2'", "")]),
        "jobs.k: jobs j (to c) and k (to c2) may both write `z`; narrow the kinds, include or exclude of one",
    );
}

#[test]
fn a_loop_of_scheduled_jobs_is_refused_with_its_path() {
    let hint = "narrow the kinds, include or exclude of one of these jobs, or take its schedule away";
    check(
        &config(&[job("j", "c", "'d', 'e'", DAILY), job("k", "d", "'c'", DAILY)]),
        &format!("jobs.k: secrets would go round for ever: j: c → d, k: d → c\n  {hint}"),
    );
    check(
        &config(&[job("j", "c", "'d'", DAILY), job("k", "d", "'e'", DAILY), job("l", "e", "'c2'", DAILY)]),
        &format!("jobs.l: secrets would go round for ever: j: c → d, k: d → e, l: e → c2\n  {hint}"),
    );
}

#[test]
fn a_loop_that_somebody_has_to_start_is_a_warning() {
    let config = read(&config(&[job("j", "c", "'d'", DAILY), job("k", "d", "'c'", "")])).unwrap();
    let told: Vec<_> = config.warnings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(told, ["secrets can go round: j: c → d, k: d → c"]);
    assert!(config.before("j").is_empty() && config.before("k").is_empty(), "neither can go first");
}

#[test]
fn there_and_back_with_other_names_is_no_loop() {
    let there = |more: &str| job("j", "c", "'d'", &format!("{DAILY}\n{more}"));
    let back = |more: &str| job("k", "d", "'c'", &format!("{DAILY}\n{more}"));
    for (one, other) in [
        ("include = ['a_*']", "include = ['b_*']"),
        ("kinds = ['variables']", "kinds = ['connections']"),
        ("add-prefix = 'from-c-'", "exclude = ['from-c-*']"),
    ] {
        let config = read(&config(&[there(one), back(other)])).unwrap();
        assert!(config.warnings.is_empty(), "{one}, {other}: {:?}", config.warnings);
    }
}

#[test]
fn a_job_goes_after_those_that_write_what_it_reads() {
    let jobs = [
        job("z-first", "a", "'c', 'e'", ""),
        job("also", "b", "'c'", "include = ['own_*']"),
        job("next", "c2", "'d'", "exclude = ['own_*']"),
        job("last", "d", "'b'", "kinds = ['variables']"),
    ];
    let text = config(&jobs).replace("include = ['own_*']", "include = ['own_*']\nkinds = ['variables']");
    let text = text.replacen("targets = ['c', 'e']\n", "targets = ['c', 'e']\nexclude = ['own_*']\n", 1);
    let config = read(&text).unwrap();
    assert_eq!(
        config.before("next"),
        ["z-first"],
        "under the other name of the store; what it leaves out is nothing to it"
    );
    assert_eq!(config.before("last"), ["next"]);
    assert!(config.before("z-first").is_empty());
}
