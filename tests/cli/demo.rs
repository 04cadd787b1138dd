//! The demo: a sample carried, looked at again, proved; as text and as one JSON document.

use serde_json::Value;

use crate::story::Story;

#[test]
fn the_demo_tells_its_story() {
    let mut story = Story::new("demo");
    story.run(0, "demo --folder demo").run(1, "demo --folder demo");
    story.set("SECRETFERRY_CONFIG", "demo/secretferry.toml").heading("What the demo proposes to type next.");
    story.run(0, "show postgres_warehouse").run(3, "plan --show-fields conn_type,host");
    assert!(story.command("history latest").output().unwrap().status.success());
    story.end();
}

#[test]
fn the_demo_for_machines_is_one_document() {
    let story = Story::new("demo-json");
    let output = story.command("demo --folder demo --json").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let demo: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(demo["schema"], "secretferry.demo/1");
    assert_eq!(demo["surprises"], Value::Array(Vec::new()));
    for (step, schema) in [("run", "run"), ("plan", "plan"), ("verify", "verify"), ("audit", "audit")] {
        assert_eq!(demo[step]["schema"], format!("secretferry.{schema}/1"));
    }
    assert_eq!(demo["run"]["counts"]["created"], demo["plan"]["counts"]["keep"]);
    assert_eq!(demo["audit"]["whole"], true);
}
