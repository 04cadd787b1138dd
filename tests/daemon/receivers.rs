//! Notices on their way to real receivers: quick, slow, dead, failing, redirecting; and to a program.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use secretferry::config::{NotifySettings, parse};
use secretferry::daemon::notify::{Notifier, Retries, Round, Told, notices, signature};
use secretferry::engine::RunStatus;
use secretferry::model::{Outcome, Reason, SecretValue};
use serde_json::Value;

use super::inbox::{Answer, Inbox};
use super::notices::{report, step};

fn settings(folder: &Path, text: &str) -> Vec<NotifySettings> {
    parse(&folder.join("secretferry.toml"), text).unwrap().notify
}

/// A config whose receiver `x` is at `url`, with further keys.
fn hook(folder: &Path, kind: &str, url: &str, more: &str) -> Vec<NotifySettings> {
    std::fs::write(folder.join("x.url"), url).unwrap();
    settings(folder, &format!("[notify.x]\nkind = '{kind}'\nurl = {{ file = 'x.url' }}\ntimeout = '500ms'\n{more}"))
}

fn quick() -> Retries {
    Retries([50, 50, 50].map(Duration::from_millis).into())
}

fn blocked(id: &str) -> Round {
    let steps = vec![step(id, Outcome::Blocked, Reason::Poisoned)];
    notices(&report(RunStatus::Incomplete, steps), |_| false, None)
}

async fn counts(notifier: &Notifier) -> Told {
    let told = notifier.told()["x"];
    notifier.finish(Duration::from_secs(5)).await;
    told
}

/// Waits until so many messages ended one way or the other.
async fn ended(notifier: &Notifier, count: u64) -> Told {
    for _ in 0..500 {
        let told = notifier.told()["x"];
        if told.sent + told.failed >= count {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?} instead of {count} ended", notifier.told());
}

#[tokio::test]
async fn a_message_is_signed_and_the_same_trouble_sent_once() {
    let (folder, inbox) = (tempfile::tempdir().unwrap(), Inbox::open(&[Answer::Status(204)]).await);
    std::fs::write(folder.path().join("secret"), "open sesame\n").unwrap();
    let told = hook(folder.path(), "json", &inbox.url, "secret = { file = 'secret' }");
    let notifier = Notifier::start_with(told, quick());
    for id in ["a", "a", "b"] {
        notifier.tell(&blocked(id));
    }
    let letters = inbox.wait_for(2).await;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(
            (letter.path.as_str(), letter.headers["content-type"].as_str()),
            ("/hook/THE-PATH-IS-SECRET", "application/json")
        );
        let header = &letter.headers["x-secretferry-signature"];
        let at: i64 = header.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
        let at = jiff::Timestamp::from_second(at).unwrap();
        assert_eq!(*header, signature(&SecretValue::from("open sesame"), at, &letter.text()));
        assert_ne!(*header, signature(&SecretValue::from("open sesamf"), at, &letter.text()), "the key counts");
        assert_ne!(
            *header,
            signature(&SecretValue::from("open sesame"), at, &(letter.text() + " ")),
            "so does the text"
        );
    }
    let body = letters[0].json();
    assert_eq!((body["topic"].as_str(), body["job"].as_str()), (Some("blocked"), Some("nightly")));
    assert_eq!(body["keys"][0]["reason"], "poisoned");
}

#[test]
fn the_signature_is_what_any_other_tool_makes() {
    // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
    let at = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    let expected = "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";
    let made = signature(&SecretValue::from("key"), at, "{\"a\":1}");
    assert_eq!(made, expected);
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_and_told_the_same_id() {
    let (folder, inbox) =
        (tempfile::tempdir().unwrap(), Inbox::open(&[Answer::Status(500), Answer::Status(200)]).await);
    let notifier = Notifier::start_with(hook(folder.path(), "json", &inbox.url, ""), quick());
    notifier.tell(&blocked("a"));
    let letters = inbox.wait_for(2).await;
    assert_eq!(letters[0].json()["id"], letters[1].json()["id"]);
    ended(&notifier, 1).await;
    assert_eq!(counts(&notifier).await, Told { sent: 1, failed: 0, dropped: 0 });
}

#[tokio::test]
async fn a_refusal_is_final_and_a_redirect_leads_nowhere() {
    let elsewhere = Inbox::open(&[Answer::Status(200)]).await;
    let redirect = Answer::Header(307, "location", elsewhere.url.clone());
    for answer in [redirect, Answer::Status(403), Answer::Status(400)] {
        let (folder, inbox) = (tempfile::tempdir().unwrap(), Inbox::open(&[answer]).await);
        let notifier = Notifier::start_with(hook(folder.path(), "slack", &inbox.url, ""), quick());
        notifier.tell(&blocked("a"));
        assert_eq!(ended(&notifier, 1).await.failed, 1);
        // It never arrived, so the next run tells it again.
        notifier.tell(&blocked("a"));
        assert_eq!(ended(&notifier, 2).await.failed, 2);
        assert_eq!(inbox.letters().len(), 2, "no attempt was repeated");
    }
    assert_eq!(elsewhere.letters().len(), 0);
}

#[tokio::test]
async fn who_is_dead_or_slow_delays_nobody_and_the_oldest_is_dropped() {
    let (folder, inbox) = (tempfile::tempdir().unwrap(), Inbox::open(&[Answer::Status(200)]).await);
    let slow = Inbox::open(&[Answer::Silence]).await;
    for (name, url) in [("x", &Inbox::nobody().await), ("y", &inbox.url), ("z", &slow.url)] {
        std::fs::write(folder.path().join(name), url).unwrap();
    }
    let text = ["x", "y", "z"].map(|name| format!("[notify.{name}]\nkind = 'json'\nurl = {{ file = '{name}' }}\n"));
    let hour = Retries(vec![Duration::from_secs(3600); 3]);
    let notifier = Notifier::start_with(settings(folder.path(), &text.concat()), hour);
    let began = Instant::now();
    for number in 0..150 {
        notifier.tell(&blocked(&format!("key-{number}")));
        // The healthy one keeps up; the others would not, however long they had.
        inbox.wait_for(number + 1).await;
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let told = notifier.told();
    assert_eq!(told["y"], Told { sent: told["y"].sent, failed: 0, dropped: 0 });
    assert!(told["x"].dropped >= 49 && told["z"].dropped >= 49, "{told:?}");
    let began = Instant::now();
    notifier.finish(Duration::from_millis(200)).await;
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn plain_http_to_another_host_and_what_is_no_url_are_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (url, more, expected) in [
        ("http://hooks.example.com/CANARY", "", "plain http to another host"),
        ("ftp://hooks.example.com/CANARY", "", "holds no http or https URL"),
        ("CANARY", "", "holds no http or https URL"),
        ("https://hooks.example.com/CANARY", "", ""),
        ("http://hooks.example.com/CANARY", "allow-plain-http = true", ""),
        ("http://127.0.0.1:1/CANARY", "", ""),
    ] {
        let faults = Notifier::faults(&hook(folder.path(), "json", url, more));
        let told = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect::<String>();
        assert_eq!(told.contains(expected) && !told.is_empty(), !expected.is_empty(), "{url}: {told}");
        assert!(!told.contains("CANARY"), "{told}");
        let settings = hook(folder.path(), "json", url, more);
        assert!(!format!("{settings:?}").contains("CANARY"));
    }
}

#[tokio::test]
async fn jobs_and_topics_choose_who_hears() {
    let (folder, inbox) = (tempfile::tempdir().unwrap(), Inbox::open(&[Answer::Status(200)]).await);
    let deaf = "jobs = ['prod-*']";
    let notifier = Notifier::start_with(hook(folder.path(), "json", &inbox.url, deaf), quick());
    notifier.tell(&blocked("a"));
    notifier.replace(hook(folder.path(), "json", &inbox.url, "on = ['guard']"));
    notifier.tell(&blocked("a"));
    notifier.replace(hook(folder.path(), "json", &inbox.url, "jobs = ['night*']"));
    notifier.tell(&blocked("b"));
    let letters = inbox.wait_for(1).await;
    assert_eq!(letters[0].json()["keys"][0]["name"], SecretNameOf("b").to_string());
    notifier.finish(Duration::from_secs(5)).await;
    assert_eq!(inbox.letters().len(), 1);
}

struct SecretNameOf(&'static str);

impl std::fmt::Display for SecretNameOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        secretferry::model::SecretName::new(secretferry::model::Kind::Connection, self.0).fmt(f)
    }
}

/// A program in `folder`.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("tell.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn command(folder: &Path, words: &str) -> Vec<NotifySettings> {
    settings(folder, &format!("[notify.x]\nkind = 'command'\ncommand = ['./tell.sh'{words}]\ntimeout = '1s'\n"))
}

#[tokio::test]
async fn a_program_reads_the_notice_and_sees_nothing_of_our_environment() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "cat > \"$1\"; env | sort > \"$1.env\"; echo \"$2\" > \"$1.word\"");
    let out = folder.path().join("out");
    let words = format!(", '{}', '$(id); `id`'", out.display());
    let notifier = Notifier::start_with(command(folder.path(), &words), quick());
    notifier.tell(&blocked("a"));
    ended(&notifier, 1).await;
    assert_eq!(counts(&notifier).await.sent, 1);
    let body: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(body["topic"], "blocked");
    assert_eq!(std::fs::read_to_string(folder.path().join("out.word")).unwrap().trim(), "$(id); `id`", "no shell");
    let environment = std::fs::read_to_string(folder.path().join("out.env")).unwrap();
    let names: Vec<_> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    // The last two are the shell's own.
    assert!(names.iter().all(|name| ["HOME", "LANG", "PATH", "PWD", "_", "SHLVL"].contains(name)), "{names:?}");
    assert!(std::env::vars().count() > names.len(), "there was something to hide");
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_and_one_that_does_not_read_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "echo $$ > \"$1\"; exec sleep 600");
    let file = folder.path().join("pid");
    let notifier = Notifier::start_with(command(folder.path(), &format!(", '{}'", file.display())), Retries(vec![]));
    notifier.tell(&blocked("a"));
    assert_eq!(ended(&notifier, 1).await.failed, 1);
    let process = std::fs::read_to_string(&file).unwrap();
    assert!(!Path::new("/proc").join(process.trim()).exists(), "it still runs");
    program(folder.path(), "exec true");
    notifier.tell(&blocked("b"));
    assert_eq!(ended(&notifier, 2).await.sent, 1);
    program(folder.path(), "exit 3");
    notifier.tell(&blocked("c"));
    assert_eq!(ended(&notifier, 3).await.failed, 2);
}
