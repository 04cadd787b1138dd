//! What `deploy/` starts is a command line that the program takes, and is given the time it needs to end.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::process::Command;

const UNIT: &str = include_str!("../deploy/secretferry.service");
const MANIFESTS: [&str; 2] =
    [include_str!("../deploy/kubernetes/daemon.yaml"), include_str!("../deploy/kubernetes/cronjob.yaml")];

/// The arguments after the program's name, of the unit and of each manifest.
fn started() -> Vec<Vec<&'static str>> {
    let unit =
        UNIT.lines().filter_map(|line| line.strip_prefix("ExecStart=")).map(|line| line.split(' ').skip(1).collect());
    let commands =
        MANIFESTS.iter().flat_map(|text| text.lines()).filter_map(|line| line.trim().strip_prefix("command: ["));
    let commands = commands.map(|line| line.trim_end_matches(']').split(", ").skip(1).collect());
    unit.chain(commands).collect()
}

/// How the program ends where the config named is not there; 2 and other words are for a command line it does not take.
fn told(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.toml");
    let arguments: Vec<_> = arguments
        .iter()
        .map(|argument| if argument.ends_with(".toml") { missing.to_str().unwrap() } else { argument })
        .collect();
    let output = Command::new(env!("CARGO_BIN_EXE_secretferry")).args(arguments).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_command_is_one_that_the_program_takes() {
    let started = started();
    assert_eq!(started.len(), 3, "{started:?}");
    for arguments in started {
        let refused = told(&arguments);
        assert!(refused.contains("none.toml") && !refused.contains("Usage"), "{arguments:?}: {refused}");
        let mut wrong = arguments.clone();
        wrong.push("--retry-luck");
        assert!(told(&wrong).contains("Usage"), "{wrong:?}");
    }
}

#[test]
fn the_process_may_take_longer_to_end_than_its_steps() {
    let reference = include_str!("../config/reference.toml");
    let grace = reference.lines().find(|line| line.starts_with("grace = ")).unwrap();
    assert!(grace.contains("\"30s\""), "{grace}: are the times in deploy/ still longer?");
    assert!(UNIT.contains("TimeoutStopSec=60s"));
    for text in MANIFESTS {
        assert!(text.contains("terminationGracePeriodSeconds: 60"));
    }
}
