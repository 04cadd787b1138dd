//! `init` and `airflow-env` without any server: what they write loads, and what they find is told.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

use secretferry::config::parse;

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secretferry"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// Runs a command that must end with `code`; gives its two outputs.
fn told(folder: &Path, arguments: &[&str], environment: &[(&str, &str)], code: i32) -> (String, String) {
    let output = run(folder, arguments, environment);
    let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{said}");
    (out, said)
}

#[test]
fn the_starter_loads_as_it_is_and_with_what_it_has_in_comments() {
    let folder = tempfile::tempdir().unwrap();
    let (text, said) = told(folder.path(), &["init"], &[], 0);
    assert_eq!(said, "");
    parse(Path::new("secretferry.toml"), &text).unwrap();
    let is_key =
        |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let uncommented = |line: &str| line.strip_prefix("# ").filter(is_key).unwrap_or(line).to_owned() + "\n";
    // The arguments of an Airflow that is not there cannot be read.
    let all: String = text.lines().filter(|line| !line.contains("backend-kwargs")).map(uncommented).collect();
    assert!(all.contains("\n[stores.files]"), "{all}");
    parse(Path::new("secretferry.toml"), &all).unwrap();
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let init = ["init", "--output", "secretferry.toml"];
    let (out, said) = told(folder.path(), &init, &[], 0);
    assert!(out.is_empty() && said.contains("secretferry check --config secretferry.toml"), "{said}");
    std::fs::write(folder.path().join("secretferry.toml"), "mine").unwrap();
    let (_, said) = told(folder.path(), &init, &[], 2);
    assert!(said.contains("cannot be written"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("secretferry.toml")).unwrap(), "mine");
}

#[test]
fn it_is_filled_from_the_variables_of_airflow() {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:///canary.db"),
        ("AIRFLOW__CORE__FERNET_KEY", "canary"),
        ("AIRFLOW__SECRETS__BACKEND", "airflow.secrets.local_filesystem.LocalFilesystemBackend"),
        (
            "AIRFLOW__SECRETS__BACKEND_KWARGS",
            r#"{"connections_file_path": "/canary.json", "variables_file_path": "/v.json", "sep": "/"}"#,
        ),
        ("AIRFLOW_CONN_X", "canary"),
    ];
    let (text, said) = told(folder.path(), &["init", "--from-airflow"], &environment, 0);
    assert!(!text.contains("canary") && !said.contains("canary"), "{text}{said}");
    for note in [
        "sep is ignored",
        "AIRFLOW_CONN_…: 1 connections in the environment are not carried (kind = \"environment\" would",
    ] {
        assert!(said.contains(note) && text.contains(note), "{note} in {said}");
    }
    // It loads where those variables are set.
    std::fs::write(folder.path().join("secretferry.toml"), &text).unwrap();
    told(folder.path(), &["check", "--offline"], &environment, 0);
    let (_, said) = told(folder.path(), &["check", "--offline"], &[], 2);
    let missing =
        "stores.local-files.backend-kwargs: the environment variable AIRFLOW__SECRETS__BACKEND_KWARGS is not set";
    assert!(said.contains(missing), "{said}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (_, said) = told(folder.path(), &["init", "--from-airflow", "none.cfg"], &[], 2);
    assert!(said.contains("none.cfg cannot be read"), "{said}");
    std::fs::write(folder.path().join("airflow.cfg"), b"\xff").unwrap();
    let (_, said) = told(folder.path(), &["init", "--from-airflow", "airflow.cfg"], &[], 2);
    assert!(said.contains("not UTF-8"), "{said}");
}

#[test]
fn both_clouds_are_told_of_by_airflow_and_tell_airflow() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        (
            "airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend",
            "azure-key-vault",
            r#"{"vault_url":"https://my-vault.vault.azure.net","connections_prefix":"air-c","variables_prefix":null,"config_prefix":"airflow-config"}"#,
            ["Key Vault Secrets User", "--secret-permissions get"],
        ),
        (
            "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend",
            "gcp-secret-manager",
            r#"{"project_id":"my-project-123","connections_prefix":"air-c","variables_prefix":null,"config_prefix":"airflow-config"}"#,
            ["roles/secretmanager.secretAccessor", "secrets/air-c-"],
        ),
    ];
    for (class, kind, kwargs, rights) in rows {
        let environment = [
            ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:///a.db"),
            ("AIRFLOW__CORE__FERNET_KEY", "canary"),
            ("AIRFLOW__SECRETS__BACKEND", class),
            ("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs),
        ];
        let (text, said) = told(folder.path(), &["init", "--from-airflow"], &environment, 0);
        assert!(!text.contains("canary") && said.is_empty(), "{text}{said}");
        assert!(text.contains("kinds = [\"connections\"]"), "variables are off: {text}");
        std::fs::write(folder.path().join("secretferry.toml"), &text).unwrap();
        told(folder.path(), &["check", "--offline"], &environment, 0);
        let (out, _) = told(folder.path(), &["airflow-env", kind], &environment, 0);
        assert!(out.contains(class) && out.contains(kwargs), "what Airflow said comes back: {out}");
        assert!(rights.iter().all(|right| out.contains(right)), "{out}");
    }
}

const CONFIG: &str = "[stores.source]\nkind = 'local-files'\nconnections-file = 'a.json'\n[stores.target]\nkind = 'local-files'\n\
                      backend-kwargs = '{\"connections_file_path\": \"b.json\", \"prefix\": \"x\"}'\n[jobs.job]\n\
                      source = 'source'\ntarget = 'target'\nkinds = ['connections']\n";

#[test]
fn an_argument_that_is_ignored_is_told_in_every_plan_and_check() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secretferry.toml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("a.json"), "{}").unwrap();
    for command in ["plan", "check"] {
        let (report, _) = told(folder.path(), &[command, "--json"], &[], 0);
        assert_eq!(report.matches("prefix is ignored").count(), 1, "{command}: {report}");
    }
}

#[test]
fn a_store_that_no_backend_reads_is_refused_and_so_is_one_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        format!("{CONFIG}[stores.export]\nkind = 'local-files'\nshape = 'export'\nconnections-file = 'c.json'\n");
    std::fs::write(folder.path().join("secretferry.toml"), config).unwrap();
    let (_, said) = told(folder.path(), &["airflow-env", "export"], &[], 3);
    assert!(said.contains("no secrets backend of Airflow reads export"), "{said}");
    let (_, said) = told(folder.path(), &["airflow-env", "nothing"], &[], 2);
    assert!(said.contains("the config has export, source, target"), "{said}");
    let (out, _) = told(folder.path(), &["airflow-env", "target"], &[], 0);
    let file = folder.path().canonicalize().unwrap().join("b.json");
    assert!(out.contains(&format!("{{\"connections_file_path\":\"{}\"}}", file.display())), "{out}");
}
