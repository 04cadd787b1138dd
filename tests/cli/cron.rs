//! Runs by cron: metrics in a file, and a target that another run holds.

use crate::story::Story;

const CONFIG: &str = r#"[stores.files]
kind = "local-files"
variables-file = "variables.yaml"

[stores.lines]
kind = "environment"
file = "plain.env"
dialect = "plain"

[jobs.nightly]
source = "files"
target = "lines"
kinds = ["variables"]
"#;

#[test]
fn the_metrics_of_a_run_are_left_for_the_node_exporter() {
    let mut story = Story::new("cron");
    story.file("secretferry.toml", CONFIG).file("variables.yaml", "environment: canary-staging\nregion: eu\n");
    story.run(0, "apply --yes --retry-lock 5s --metrics-file nightly.prom");
    let text = story.text("nightly.prom");
    let place = "{job=\"nightly\",target=\"lines\"";
    for line in [
        format!("secretferry_keys{place},state=\"in-sync\"}} 2.0"),
        format!("secretferry_last_run_keys{place},outcome=\"created\"}} 2.0"),
        format!("secretferry_last_run_status{place},status=\"succeeded\"}} 1.0"),
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
    }
    assert!(text.contains(&format!("secretferry_last_success_timestamp_seconds{place}}} 1")), "{text}");
    assert!(!text.contains("age_seconds") && !text.contains("canary"), "{text}");
    story.heading("A folder that is not there, and a time that is none.");
    story.run(1, "apply --yes --metrics-file nowhere/nightly.prom").run(2, "apply --yes --retry-lock soon");
}
