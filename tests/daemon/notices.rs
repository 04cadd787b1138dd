//! What there is to say after a run, and what of it is told again.

use std::collections::BTreeSet;
use std::time::Duration;

use secretferry::config::Topic;
use secretferry::daemon::notify::{Memory, Message, NAMED, Round, failure, json, notices, slack, token};
use secretferry::engine::{RunReport, RunStatus, StepOutcome};
use secretferry::ledger::{Remark, Standing};
use secretferry::model::{Action, Kind, Outcome, Reason, SecretName, TokenLife, Upkeep};
use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub fn step(id: &str, outcome: Outcome, reason: Reason) -> StepOutcome {
    StepOutcome {
        name: SecretName::new(Kind::Connection, id),
        from: None,
        action: Action::Block,
        outcome,
        reason,
        detail: None,
        notes: Vec::new(),
        fingerprint: None,
        revision: None,
    }
}

pub fn report(status: RunStatus, outcomes: Vec<StepOutcome>) -> RunReport {
    RunReport {
        run: Some("0199-run".to_owned()),
        undoes: None,
        job: "nightly".to_owned(),
        source: "airflow".to_owned(),
        target: "replica".to_owned(),
        took: Duration::from_secs(1),
        outcomes,
        status,
        error: None,
        audit_head: None,
        findings: Vec::new(),
    }
}

fn standing(remarks: &[(&str, Outcome, Reason)]) -> Standing {
    let remark = |(id, outcome, reason): &(&str, Outcome, Reason)| Remark {
        name: SecretName::new(Kind::Connection, *id).to_string(),
        outcome: outcome.to_string(),
        reason: reason.to_string(),
        detail: None,
    };
    Standing {
        job: "nightly".to_owned(),
        target_identity: "there".to_owned(),
        done_at: None,
        last_good: None,
        run: None,
        remarks: remarks.iter().map(remark).collect(),
    }
}

fn told(round: &Round) -> Vec<String> {
    let line = |notice: &secretferry::daemon::notify::Notice| {
        let known = if notice.known { " (known)" } else { "" };
        format!("{}: {}{known}", notice.topic.as_str(), notice.said)
    };
    round.notices.iter().map(line).collect()
}

fn never(_: &StepOutcome) -> bool {
    false
}

fn blocked(ids: &[&str]) -> RunReport {
    let steps = ids.iter().map(|id| step(id, Outcome::Blocked, Reason::Poisoned)).collect();
    report(RunStatus::Incomplete, steps)
}

#[test]
fn every_trouble_has_its_topic() {
    use Outcome::{Blocked, Conflict, Created, Failed, Kept, Quarantined, Restored};
    let steps = vec![
        step("a", Created, Reason::New),
        step("b", Blocked, Reason::Poisoned),
        step("c", Quarantined, Reason::Undecryptable),
        step("d", Blocked, Reason::DeleteGuard),
        step("e", Blocked, Reason::Drift),
        step("f", Restored, Reason::DriftRestored),
        step("g", Failed, Reason::StoreError),
        step("h", Conflict, Reason::SourceMoved),
        step("i", Kept, Reason::Unchanged),
    ];
    let round = notices(&report(RunStatus::Incomplete, steps), never, None);
    assert_eq!(
        told(&round),
        [
            "run-failed: Job nightly on replica: 2 keys failed",
            "blocked: Job nightly on replica: 1 key was blocked",
            "quarantined: Job nightly on replica: 1 key cannot be read from the source",
            "guard: Job nightly on replica: a guard stopped the deletes of 1 key",
            "drift: Job nightly on replica: 2 keys were changed behind our back",
        ]
    );
    let well = notices(&report(RunStatus::Succeeded, vec![step("a", Created, Reason::New)]), never, None);
    assert_eq!(told(&well), Vec::<String>::new());
}

#[test]
fn what_is_accepted_and_what_a_drained_run_left_is_not_told() {
    let steps =
        vec![step("fine", Outcome::Blocked, Reason::Poisoned), step("later", Outcome::NotStarted, Reason::Interrupted)];
    let round = notices(&report(RunStatus::Interrupted, steps.clone()), |step| step.name.id == "fine", None);
    assert_eq!((told(&round), round.whole), (vec![], false));
    let failed = notices(&report(RunStatus::Failed, steps), |step| step.name.id == "fine", None);
    assert_eq!(told(&failed), ["run-failed: Job nightly on replica: the run failed"]);
}

#[test]
fn what_the_run_before_left_behind_is_known_and_its_end_is_told() {
    let before = standing(&[("a", Outcome::Blocked, Reason::Poisoned)]);
    let same = notices(&blocked(&["a"]), never, Some(&before));
    assert_eq!(told(&same), ["blocked: Job nightly on replica: 1 key was blocked (known)"]);
    let other = notices(&blocked(&["a", "b"]), never, Some(&before));
    assert_eq!(told(&other), ["blocked: Job nightly on replica: 2 keys were blocked"]);
    let well = notices(&report(RunStatus::Succeeded, vec![]), never, Some(&before));
    assert_eq!(told(&well), ["recovered: Job nightly on replica is well again"]);
    assert_eq!(well.notices[0].over, BTreeSet::from([Topic::Blocked]));
    // A run that was drained proves nothing.
    assert!(notices(&report(RunStatus::Interrupted, vec![]), never, Some(&before)).notices.is_empty());
}

/// Tells rounds one after the other, each so many hours after the one before.
fn heard(on: &[Topic], rounds: &[(u64, Round)]) -> Vec<String> {
    let (mut memory, on) = (Memory::default(), on.iter().copied().collect());
    let mut now = Instant::now();
    let mut heard = Vec::new();
    for (hours, round) in rounds {
        now += Duration::from_secs(hours * 3600);
        for (notice, again) in memory.judge(round.clone(), &on, now, DAY) {
            let over: Vec<_> = notice.over.iter().map(|topic| topic.as_str()).collect();
            heard.push(format!("{} {}{}", notice.topic.as_str(), over.join(" "), if again { "again" } else { "" }));
        }
    }
    heard
}

#[test]
fn trouble_is_told_once_until_it_changes_or_is_over_and_again_after_a_day() {
    let a = || notices(&blocked(&["a"]), never, None);
    let ab = || notices(&blocked(&["a", "b"]), never, None);
    let well = || notices(&report(RunStatus::Succeeded, vec![]), never, None);
    let drained = || notices(&report(RunStatus::Interrupted, vec![]), never, None);
    assert_eq!(heard(&Topic::ALL, &[(0, a()), (1, a()), (1, a())]), ["blocked "]);
    assert_eq!(heard(&Topic::ALL, &[(0, a()), (1, ab()), (1, a())]), ["blocked ", "blocked ", "blocked "]);
    assert_eq!(heard(&Topic::ALL, &[(0, a()), (23, a()), (1, a()), (23, a())]), ["blocked ", "blocked again"]);
    assert_eq!(
        heard(&Topic::ALL, &[(0, a()), (1, well()), (1, well()), (1, a())]),
        ["blocked ", "recovered blocked", "blocked "]
    );
    assert_eq!(heard(&Topic::ALL, &[(0, a()), (1, drained()), (1, a())]), ["blocked "], "nothing is over");
    assert_eq!(heard(&[Topic::Guard, Topic::Recovered], &[(0, a()), (1, well())]), Vec::<String>::new());
    assert_eq!(heard(&[Topic::Blocked], &[(0, a()), (1, well())]), ["blocked "]);
}

#[test]
fn what_another_daemon_told_is_not_told_again_but_its_end_is() {
    let before = standing(&[("a", Outcome::Blocked, Reason::Poisoned)]);
    let known = || notices(&blocked(&["a"]), never, Some(&before));
    let well = notices(&report(RunStatus::Succeeded, vec![]), never, Some(&before));
    assert_eq!(heard(&Topic::ALL, &[(0, known()), (25, known()), (1, well)]), ["blocked again", "recovered blocked"]);
}

#[test]
fn drift_that_was_mended_needs_no_all_clear() {
    let mended = report(RunStatus::Succeeded, vec![step("a", Outcome::Restored, Reason::DriftRestored)]);
    let well = notices(&report(RunStatus::Succeeded, vec![]), never, None);
    assert_eq!(heard(&Topic::ALL, &[(0, notices(&mended, never, None)), (1, well)]), ["drift "]);
}

#[test]
fn a_failed_run_is_the_same_trouble_whatever_its_numbers() {
    let failed = |error: &str| failure("nightly", "replica", None, error);
    let rounds = [
        (0, failed("vault: no answer within 30s (request 4f2a)")),
        (1, failed("vault: no answer within 31s (request 9b11)")),
        (1, failed("vault: permission denied")),
        (1, notices(&report(RunStatus::Succeeded, vec![]), never, None)),
    ];
    assert_eq!(heard(&Topic::ALL, &rounds), ["run-failed ", "run-failed ", "recovered run-failed"]);
}

#[test]
fn a_token_is_told_of_when_it_ends_soon_and_when_it_has_ended() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let cared_for = |left: Option<u64>, upkeep| {
        let ends = left.map(|left| now + Duration::from_secs(left));
        token("vault", &[], &TokenLife { ends, upkeep }, now, DAY)
    };
    let of = |left| cared_for(left, Upkeep::Nobody);
    assert!(of(None).notices.is_empty() && of(Some(90_000)).notices.is_empty());
    for left in [None, Some(0), Some(3)] {
        assert!(cared_for(left, Upkeep::Ours).notices.is_empty(), "it is renewed, or got anew: {left:?}");
    }
    assert!(cared_for(Some(3), Upkeep::Others).notices.is_empty(), "there is time left to replace it");
    assert!(told(&cared_for(Some(0), Upkeep::Others))[0].ends_with("has ended"), "it was not replaced");
    assert_eq!(
        told(&of(Some(7200)))[0],
        "token-expires: What secretferry is known by to the store vault ends in 2 hours"
    );
    let rounds = [(0, of(Some(7200))), (1, of(Some(3600))), (1, of(Some(0))), (1, of(Some(90_000)))];
    assert_eq!(heard(&Topic::ALL, &rounds), ["token-expires ", "token-expires ", "recovered token-expires"]);
}

#[test]
fn a_message_names_few_keys_and_nobody_can_write_into_it() {
    let ids: Vec<String> = (0..50).map(|number| format!("key-{number:02}")).collect();
    let round = notices(&blocked(&ids.iter().map(String::as_str).collect::<Vec<_>>()), never, None);
    let message = |round: &Round| Message {
        notice: round.notices[0].clone(),
        id: "1".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        again: false,
    };
    let body: serde_json::Value = serde_json::from_str(&json(&message(&round))).unwrap();
    assert_eq!((body["keys"].as_array().unwrap().len(), body["more_keys"].as_u64()), (NAMED, Some(30)));
    assert_eq!(body["schema"], "secretferry.notice/1");
    assert!(slack(&message(&round)).contains("… and 30 more"));
    let nasty = notices(&blocked(&["<!channel> & `x`\n\u{1b}[31m\u{202e}"]), never, None);
    let body: serde_json::Value = serde_json::from_str(&slack(&message(&nasty))).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt; &amp; 'x'\\u{a}\\u{1b}[31m\\u{202e}"), "{text}");
}
