//! Files that the user who runs the program may not read or write. Root may everything, so root runs it as nobody.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;

use crate::content::files;
use crate::story::{PROGRAM, Story};

const NOBODY: u32 = 65534;

/// Runs a command as somebody for whom the rights of files count.
fn run(story: &mut Story, code: i32, line: &str) {
    let copy = story.path("secretferry");
    if !copy.exists() {
        fs::copy(PROGRAM, &copy).unwrap();
    }
    let is_root = fs::metadata(&copy).unwrap().uid() == 0;
    let mut command = story.command_of(&copy, line);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    story.tell(code, line, &output);
}

fn allow(story: &Story, file: &str, mode: u32) {
    fs::set_permissions(story.path(file), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_not_be_read_or_written_is_named() {
    let mut story = files("rights", r#"{"a": "http://h"}"#, "{}");
    for (file, mode) in [("", 0o777), ("old", 0o755), ("new", 0o777), ("secretferry.toml", 0o644)] {
        allow(&story, file, mode);
    }
    allow(&story, "old/connections.json", 0o000);
    allow(&story, "old/variables.json", 0o644);
    story.heading("The source may not be read.");
    run(&mut story, 1, "plan");
    run(&mut story, 3, "check");
    allow(&story, "old/connections.json", 0o644);
    allow(&story, "new", 0o555);
    story.heading("The target's folder may not be written: every key fails, and says so.");
    run(&mut story, 3, "check new");
    run(&mut story, 3, "apply --yes");
    assert!(!story.path("new/connections.json").exists());
    fs::remove_file(story.path("secretferry.db")).unwrap();
    allow(&story, "", 0o555);
    story.heading("The ledger cannot be made.");
    run(&mut story, 1, "apply --yes");
    allow(&story, "secretferry.toml", 0o000);
    story.heading("The config may not be read.");
    run(&mut story, 2, "plan");
    allow(&story, "", 0o755);
    story.end();
}
