//! A ledger that cannot be used, or fails while it is used: then nothing is written to the target.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use sqlx::Connection as _;

use crate::content::{FILES, files};
use crate::story::{PROGRAM, Story};

fn applied(name: &'static str) -> Story {
    let mut story = files(name, r#"{"a": "http://h"}"#, "{}");
    let output = story.command("apply --yes").output().unwrap();
    assert!(output.status.success());
    story.file("old/connections.json", r#"{"a": "http://h", "b": "http://i"}"#);
    story
}

/// Nothing that came later than the first run is in the target.
fn assert_untouched(story: &Story) {
    let target = story.text("new/connections.json");
    assert!(target.contains("\"a\"") && !target.contains("\"b\""), "{target}");
}

#[test]
fn a_ledger_and_its_key() {
    let mut story = applied("ledger-key");
    let key = story.text("secretferry.db.key");
    fs::remove_file(story.path("secretferry.db.key")).unwrap();
    story.heading("The key file is gone.").run(1, "plan").run(1, "apply --yes").run(3, "check");
    story.file("secretferry.db.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
    story.heading("It is the key of another ledger.").run(1, "apply --yes").run(1, "history");
    story.file("secretferry.db.key", "no key at all\n").heading("It holds no key.").run(1, "apply --yes");
    story.file("secretferry.db.key", &key);
    fs::set_permissions(story.path("secretferry.db.key"), fs::Permissions::from_mode(0o644)).unwrap();
    story.heading("Everybody can read it.").run(1, "apply --yes");
    assert_untouched(&story);
    fs::set_permissions(story.path("secretferry.db.key"), fs::Permissions::from_mode(0o600)).unwrap();
    story.heading("It is as it was.").run(0, "apply --yes");
    assert!(story.text("new/connections.json").contains("\"b\""), "the guard above can fail");
    story.end();
}

#[test]
fn a_file_that_is_no_ledger() {
    let mut story = files("ledger-file", r#"{"a": "http://h"}"#, "{}");
    story.heading("There is none yet.").run(1, "history").run(1, "audit show").run(1, "audit verify").run(0, "plan");
    story.file("secretferry.db", "notes of mine\n".repeat(100)).heading("The file is something else.");
    story.run(1, "plan").run(1, "apply --yes").run(3, "check");
    story.file("secretferry.toml", format!("[ledger]\nurl = \"sqlite://no/such/folder/ledger.db\"\n{FILES}"));
    story.heading("Its folder is missing.").run(1, "apply --yes");
    assert!(!story.path("new/connections.json").exists(), "nothing is written without a ledger");
    story.end();
}

#[tokio::test]
async fn a_ledger_that_another_process_keeps_locked() {
    let mut story = applied("ledger-locked");
    let url = format!("sqlite://{}", story.path("secretferry.db").display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    story.run(1, "apply --yes");
    assert_untouched(&story);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    story.heading("It is free again.").run(0, "apply --yes").end();
}

#[test]
fn a_disk_that_takes_no_more_of_the_ledger() {
    let story = applied("ledger-full");
    // A file may grow to 8 kB in there, less than the ledger has already; the signal that would end us is ignored.
    let limited = format!("trap '' XFSZ; ulimit -f 8; exec {PROGRAM} apply --yes");
    let output = Command::new("bash").args(["-c", &limited]).current_dir(story.folder()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("ledger"), "{said}");
    assert_untouched(&story);
    let output = story.command("apply --yes").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "room again, and the run goes through");
}
