//! At a terminal, which `script` plays: the question, its answers, an interrupt, colours and progress.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use crate::content::files;
use crate::story::{PROGRAM, Story};

const QUESTION: &str = "Only `yes` is taken for consent: ";

/// A command at a terminal, and what it has shown so far.
struct Terminal {
    script: Child,
    shown: String,
}

impl Terminal {
    fn open(story: &Story, line: &str) -> Self {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--echo", "never", "--command", &format!("{PROGRAM} {line}"), "/dev/null"]);
        script.current_dir(story.folder()).env("COLUMNS", "80").env_remove("NO_COLOR");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let script = script.spawn().expect("`script` plays the terminal: install the package bsdutils or util-linux");
        Self { script, shown: String::new() }
    }

    fn wait_for(&mut self, text: &str) {
        let mut byte = [0];
        let mut shown = Vec::new();
        let output = self.script.stdout.as_mut().unwrap();
        while !String::from_utf8_lossy(&shown).contains(text) {
            let read = output.read(&mut byte).unwrap();
            assert!(read > 0, "it ended before it said {text:?}: {}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        self.shown.push_str(&String::from_utf8_lossy(&shown));
    }

    fn press(&mut self, keys: &str) {
        let input = self.script.stdin.as_mut().unwrap();
        input.write_all(keys.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// All it has shown, and its exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let mut rest = Vec::new();
        self.script.stdout.as_mut().unwrap().read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.shown, self.script.wait().unwrap().code())
    }
}

fn asked(name: &'static str) -> Story {
    files(name, r#"{"a": "http://h"}"#, "{}")
}

/// Answers the question of `apply` with some keys.
fn answered(story: &Story, keys: &str) -> (String, Option<i32>) {
    let mut terminal = Terminal::open(story, "apply");
    terminal.wait_for(QUESTION);
    terminal.press(keys);
    terminal.end()
}

#[test]
fn consent_is_asked_for_after_the_plan_was_shown() {
    let story = asked("yes");
    let (shown, code) = answered(&story, "yes\n");
    assert_eq!(code, Some(0), "{shown}");
    let plan = shown.find("create (new)").unwrap();
    let question = shown.find("Make this change to new (").unwrap();
    let run = shown.find("1 created").unwrap();
    assert!(plan < question && question < run, "{shown}");
    assert!(story.text("new/connections.json").contains("\"a\""));
}

#[test]
fn anything_but_yes_declines() {
    for keys in ["no\n", "y\n", "\n", "\u{4}"] {
        let story = asked("no");
        let (shown, code) = answered(&story, keys);
        assert_eq!(code, Some(130), "{shown}");
        assert!(shown.contains("The plan was declined; nothing was written."), "{keys:?}: {shown}");
        assert!(!story.path("new/connections.json").exists());
        assert!(
            story.text_of("history").contains("interrupted  move: no keys counted\n          The plan was declined")
        );
    }
}

#[test]
fn an_interrupt_at_the_question_ends_the_run_at_once() {
    let story = asked("interrupt");
    let (shown, code) = answered(&story, "\u{3}");
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("interrupted before it began to write; nothing was written."), "{shown}");
    assert!(!story.path("new/connections.json").exists());
    assert!(story.text_of("history").contains("interrupted"), "the run has an end in the ledger");
}

#[test]
fn nothing_to_do_asks_nothing() {
    let story = asked("nothing");
    assert!(story.command("apply --yes").output().unwrap().status.success());
    let (shown, code) = Terminal::open(&story, "apply").end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(QUESTION), "{shown}");
}

#[test]
fn a_plan_is_shown_before_the_question_even_where_the_report_is_for_machines() {
    let story = asked("json");
    let mut terminal = Terminal::open(&story, "apply --json");
    terminal.wait_for(QUESTION);
    terminal.press("no\n");
    let (shown, code) = terminal.end();
    assert!(code == Some(130) && shown.contains("create (new)"), "{shown}");
}

#[test]
fn colours_are_for_terminals_and_can_be_switched_off() {
    let story = asked("colours");
    let bold = "\u{1b}[1m";
    let (coloured, _) = Terminal::open(&story, "plan").end();
    assert!(coloured.contains(bold), "{coloured}");
    for plain in ["plan --no-color", "plan -v"] {
        let (shown, _) = Terminal::open(&story, plain).end();
        assert_eq!(shown.contains(bold), !plain.contains("--no-color"), "{shown}");
    }
    assert!(!story.text_of("plan").contains('\u{1b}'), "a pipe is no terminal");
}
