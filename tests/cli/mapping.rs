//! Keys under other names and with other fields: what the plan, the proof and a look at one key say of both names.

use crate::content::{FILES, files};

#[test]
fn a_key_is_told_of_by_both_its_names() {
    let mut story =
        files("mapped", r#"{"dev_db": "postgres://me@dev-db/main", "old": "http://h"}"#, r#"{"dev_x": "1"}"#);
    let job = "rename = { old = \"archive\", nobody = \"else\" }\nstrip-prefix = \"dev_\"\ntemplate = \"prod_{id}\"\n\
               override = { \"dev_d*\" = { host = \"prod-db\" } }\n";
    story.file("secretferry.toml", format!("{FILES}{job}"));
    story.run(0, "plan").run(0, "apply --yes").run(0, "plan --exit-code").run(0, "verify");
    let carried: serde_json::Value = serde_json::from_str(&story.text("new/connections.json")).unwrap();
    assert_eq!(carried["prod_db"]["host"], "prod-db", "{carried}");
    assert!(carried["archive"].is_object() && carried.as_object().unwrap().len() == 2, "{carried}");
    story.heading("Found by the source's name and by the target's.").run(0, "show dev_db").run(0, "show prod_db");
    story.heading("Another name now: the key under the old one is left alone.");
    story.file("secretferry.toml", format!("{FILES}{}", job.replace("archive", "attic"))).run(0, "apply --yes");
    story.end();
}

#[test]
fn two_keys_that_would_become_one_are_refused_together() {
    let mut story = files("mapped-meeting", r#"{"a": "http://one", "dev_a": "http://two", "b": "http://three"}"#, "{}");
    story.file("secretferry.toml", format!("{FILES}strip-prefix = \"dev_\"\n"));
    story.run(3, "plan").run(3, "apply --yes");
    assert!(!story.text("new/connections.json").contains("one"), "neither is written");
    story.end();
}
