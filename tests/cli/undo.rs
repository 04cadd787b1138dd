//! Going back, on files: the plan, the act, what was changed since, an undo of the undo, and no way back where nothing is kept.

use crate::content::{FILES, files};

const CONNECTIONS: &str = r#"{"a": "http://one", "b": "http://two"}"#;

#[test]
fn a_run_is_taken_back_and_the_undo_too() {
    let mut story = files("undo", CONNECTIONS, r#"{"v": "old"}"#);
    story.run(1, "undo latest");
    story.file("new/connections.json", r#"{"theirs": "http://three"}"#);
    let before = story.text("new/connections.json");
    story.run(0, "apply --yes");
    let after = story.text("new/connections.json");
    story.heading("Nobody is there to be asked: the plan is shown and nothing is done.").run(2, "undo latest");
    assert_eq!(story.text("new/connections.json"), after);
    story.heading("All of it is taken back.").run(0, "undo latest --yes");
    assert_eq!((story.text("new/connections.json"), story.text("new/variables.json")), (before, "{}\n".to_owned()));
    story.run(4, "plan --exit-code").heading("And the undo, too.").run(0, "undo latest --yes");
    assert_eq!(story.text("new/connections.json"), after);
    story.run(0, "plan --exit-code").run(0, "verify").run(0, "history").run(0, "audit verify");
    story.end();
}

#[test]
fn what_was_changed_since_is_left_alone() {
    let mut story = files("undo-changed", CONNECTIONS, r#"{"v": "old", "w": "old"}"#);
    story.run(0, "apply --yes").file("old/variables.json", r#"{"v": "new", "w": "new"}"#).run(0, "apply --yes");
    let history = story.text("new/variables.json.history");
    assert!(history.contains("old") && !history.contains("new"), "{history}");
    let changed = story.text("new/variables.json").replace("\"w\": \"new\"", "\"w\": \"by hand\"");
    story.file("new/variables.json", &changed).run(3, "undo latest --yes");
    let left = story.text("new/variables.json");
    assert!(left.contains(r#""v": "old""#) && left.contains(r#""w": "by hand""#), "{left}");
    // Without the history there is nothing to go back to.
    story.file("new/variables.json", changed.replace("by hand", "new"));
    std::fs::remove_file(story.path("new/variables.json.history")).unwrap();
    let runs: serde_json::Value = serde_json::from_str(&story.text_of("history --json")).unwrap();
    let update = runs["runs"][1]["run"].as_str().unwrap();
    let refused = story.text_of(&format!("undo {update} --yes --json"));
    assert_eq!(refused.matches("version-gone").count(), 2, "{refused}");
    story.end();
}

#[test]
fn where_nothing_is_kept_every_plan_says_so() {
    let mut story = files("undo-none", CONNECTIONS, "{}");
    let without = FILES.replacen(
        "variables-file = \"new/variables.json\"",
        "variables-file = \"new/variables.json\"\nhistory = 0",
        1,
    );
    story.file("secretferry.toml", without).run(0, "plan").run(0, "apply --yes").run(3, "undo latest --yes");
    assert!(story.text("new/connections.json").contains("\"a\""));
    story.end();
}
