//! Where output goes: a pipe that closes, a full disk, a narrow terminal, no colours, reports for machines, a huge plan.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::content::files;
use crate::story::Story;

const CONNECTIONS: &str = r#"{"a": "http://h", "masked": {"conn_type": "http", "password": "***"}}"#;
const VARIABLES: &str = r#"{"a": "1"}"#;

/// So many variables that no pipe holds their plan.
fn huge(name: &'static str) -> Story {
    let variables: Vec<_> = (0..5000).map(|number| format!("\"variable_{number:04}\": \"{number}\"")).collect();
    files(name, "{}", &format!("{{{}}}", variables.join(",")))
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let story = huge("pipe");
    for (line, code) in
        [("plan", 0), ("plan --json", 0), ("--help", 0), ("completions bash", 0), ("completions zsh", 0)]
    {
        let mut command = story.command(line);
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 8];
        running.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let mut said = String::new();
        running.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((running.wait().unwrap().code(), said.as_str()), (Some(code), ""), "{line}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let story = files("full", "{}", VARIABLES);
    for line in ["plan", "completions bash"] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = story.command(line).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.starts_with("error: the report cannot be written to standard output"), "{said}");
    }
}

#[test]
fn lines_fit_the_width_that_is_told() {
    let mut story = files("narrow", CONNECTIONS, VARIABLES);
    story.set("COLUMNS", "60");
    for line in
        ["check", "plan", "apply --yes", "verify", "history", "history latest", "audit show", "show a", "--help"]
    {
        let output = story.command(line).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.is_empty(), "{line}");
        // A word that is longer than the line, such as the path of this test's folder, is broken.
        let widest = said.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= 60, "{line}: a line of {widest}\n{said}");
    }
}

#[test]
fn a_huge_plan_is_all_there() {
    let story = huge("huge");
    let plan: Value = serde_json::from_str(&story.text_of("plan --json")).unwrap();
    assert_eq!(plan["counts"]["create"], 5000);
    let text = story.text_of("plan");
    assert_eq!(text.matches("create (new)").count(), 5000);
    assert!(text.ends_with("5000 to create.\n"), "the count comes last");
}

#[test]
fn every_report_for_machines_is_one_document_and_standard_error_is_for_people() {
    let story = files("json", CONNECTIONS, VARIABLES);
    let reports = [
        ("check", 0, "check"),
        ("plan", 3, "plan"),
        ("apply --yes", 3, "run"),
        ("verify", 3, "verify"),
        ("show a", 0, "show"),
        ("history", 0, "history"),
        ("history latest", 0, "history"),
        ("audit show", 0, "audit"),
        ("audit verify", 0, "audit"),
    ];
    for (line, code, schema) in reports {
        let output = story.command(&format!("{line} --json")).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &report["schema"]), (Some(code), &format!("secretferry.{schema}/1").into()));
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let found: Value = serde_json::from_str(&story.text_of("show a --json")).unwrap();
    assert_eq!(found["found"].as_array().unwrap().len(), 2, "a connection and a variable");
    let failed = story.command("plan nothing --json").output().unwrap();
    assert!(failed.stdout.is_empty() && !failed.stderr.is_empty());
}
