//! Runs by cron: metrics in a file, and a target that another run holds.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use secretferry::config::load;
use secretferry::ledger::{Holder, Lease, Ledger, LedgerSettings};

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

/// Holds the target as another run would.
async fn hold(story: &Story) -> Lease {
    let config = load(Some(&story.path("secretferry.toml"))).unwrap();
    let ledger = Ledger::open(&LedgerSettings::default(), story.folder()).await.unwrap();
    let holder = Holder { host: "elsewhere".to_owned(), process: 7, job: "nightly".to_owned() };
    ledger.lease(&config.stores["lines"].identity(), &holder).await.unwrap()
}

#[tokio::test]
async fn a_target_that_is_held_is_waited_for_and_its_lease_is_taken_once() {
    let mut story = Story::new("cron-held");
    story.file("secretferry.toml", CONFIG).file("variables.yaml", "region: eu\n");
    let held = hold(&story).await;
    let fence = held.fence();
    for line in ["apply --yes", "apply --yes --retry-lock 2s"] {
        let output = story.command(line).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("job nightly in process 7 on elsewhere"), "{line}: {told}");
        assert_eq!(told.contains("waiting for it"), line.contains("retry"), "{line}: {told}");
        assert!(!story.path("plain.env").exists(), "{line} wrote");
    }

    let mut waiting =
        story.command("apply --yes --retry-lock 5m").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(waiting.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.any(|line| line.contains("lines is held by") && line.contains("waiting for it")));
    assert!(!story.path("plain.env").exists(), "it wrote while another held the target");
    held.release().await.unwrap();
    told.for_each(drop);
    assert_eq!(waiting.wait().unwrap().code(), Some(0));
    assert!(story.text("plain.env").contains("eu"));
    // Had the wait a lease of its own, another run could have come between it and the run.
    assert_eq!(hold(&story).await.fence(), fence + 2);
}
