//! Values and files that are not as they should be: each is told of with its reason, none is mended in silence.

use crate::story::Story;

pub const FILES: &str = r#"[stores.old]
kind = "local-files"
connections-file = "old/connections.json"
variables-file = "old/variables.json"

[stores.new]
kind = "local-files"
connections-file = "new/connections.json"
variables-file = "new/variables.json"

[jobs.move]
source = "old"
target = "new"
"#;

/// A story that carries files to files.
pub fn files(name: &'static str, connections: &str, variables: &str) -> Story {
    let mut story = Story::new(name);
    story.file("secretferry.toml", FILES).file("old/connections.json", connections);
    story.file("old/variables.json", variables);
    std::fs::create_dir(story.path("new")).unwrap();
    story
}

#[test]
fn odd_values_are_told_of_and_damaged_ones_are_not_carried() {
    let connections = r#"{
        "sound": "postgres://etl:pass@db.example.com:5432/sales",
        "quoted": "\"postgres://etl:pass@db.example.com/sales\"",
        "no_key": {"": "postgres://etl:pass@db.example.com/sales"},
        "with_bom": "\ufeffpostgres://etl:pass@db.example.com/sales",
        "line_end": "postgres://etl:pass@db.example.com/sales\n",
        "masked": {"conn_type": "http", "password": "***"},
        "not_text": 3,
        "stranger": {"conn_type": "http", "pasword": "x"},
        "twice": "http://one", "twice": "http://two",
        "../up": "http://example.com"
    }"#;
    let variables = r#"{
        "quoted": "\"postgres://db\"", "no_key": "{\"\": \"x\"}", "with_bom": "\ufeffx", "line_end": "x\n",
        "masked": "***", "empty": "", "an_object": {"a": 1}
    }"#;
    let mut story = files("values", connections, variables);
    story.run(3, "plan").run(3, "apply --yes").run(3, "verify");
    let carried = story.text("new/connections.json");
    for refused in ["quoted", "no_key", "with_bom", "masked", "not_text", "stranger", "twice"] {
        assert!(!carried.contains(refused), "{refused} was not to be carried: {carried}");
    }
    let carried = story.text("new/variables.json");
    assert!(carried.contains(r#""line_end": "x\n""#) && carried.contains(r#""with_bom": "\ufeffx""#), "{carried}");
    story.end();
}

#[test]
fn what_is_known_and_fine_does_not_fail_a_run() {
    let mut story = files("accepted", r#"{"masked": {"conn_type": "http", "password": "***"}}"#, r#"{"stars": "***"}"#);
    story.heading("Nothing is said of them: both are refused.").run(3, "plan");
    let known = format!("{FILES}accept = [\"connections/masked\"]\nallow-masked = [\"stars\"]\n");
    story.file("secretferry.toml", known).heading("One is accepted as refused, the other really is ***.");
    story.run(0, "apply --yes").run(0, "plan --exit-code").run(0, "verify");
    story.end();
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let mut story = files("files", r#"{"a": "http://h"}"#, "{}");
    std::fs::remove_file(story.path("old/variables.json")).unwrap();
    story.heading("A file of the source is missing: that is no empty store.").run(1, "plan").run(3, "check");
    story.file("old/variables.json", "{\"a\": ").heading("A file of the source is no JSON.");
    story.run(1, "plan").run(1, "apply --yes").run(3, "check");
    story.file("old/variables.json", b"{\"a\": \"\xff\"}").heading("A file of the source is no text.").run(1, "plan");
    story.file("old/variables.json", "{}").file("new/connections.json", "").heading("A file of the target is empty.");
    story.run(1, "apply --yes");
    std::fs::remove_dir_all(story.path("new")).unwrap();
    story.heading("The folder of the target is missing.").run(0, "plan").run(3, "apply --yes").run(3, "check new");
    assert!(!story.path("new").exists());
    story.end();
}
