//! Real Airflows, started with settings and an empty metastore, which say what they see.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::program::source;

/// The value of `SECRETFERRY_TEST_<name>`.
pub fn told(name: &str) -> String {
    let variable = format!("SECRETFERRY_TEST_{name}");
    std::env::var(&variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`"))
}

/// Insists that each reader of both Airflows sees the source through `settings`: `environment` or `airflow_cfg`.
pub fn all_see(settings: &Value) {
    all_see_but(settings, &[]);
}

/// The same of all but the ids `left_out`, which they must not see.
pub fn all_see_but(settings: &Value, left_out: &[&str]) {
    let seen = seen(settings, &["AIRFLOW_2", "AIRFLOW_3"]);
    assert_eq!(seen.len(), 3 * 4, "three readers, four secrets: {seen:#?}");
    for line in &seen {
        if left_out.contains(&line["id"].as_str().unwrap()) {
            assert_eq!(line["found"], false, "{line:#}");
        } else {
            is_as_in_the_source(line);
        }
    }
}

/// Insists that no reader sees anything.
pub fn none_sees(settings: &Value) {
    for line in seen(settings, &["AIRFLOW_2", "AIRFLOW_3"]) {
        assert_eq!(line["found"], false, "{line:#}");
    }
}

fn is_as_in_the_source(line: &Value) {
    let (connections, variables) = source();
    let id = line["id"].as_str().unwrap();
    assert_eq!((&line["found"], &line["error"]), (&json!(true), &Value::Null), "{line:#}");
    if line["kind"] == "variables" {
        return assert_eq!(line["value"], variables[id], "{line:#}");
    }
    for (field, value) in connections[id].as_object().unwrap() {
        assert_eq!(&line["fields"][field], value, "{line:#}");
    }
}

fn seen(settings: &Value, airflows: &[&str]) -> Vec<Value> {
    let (connections, variables) = source();
    let ids = |map: &Value| map.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let ids = json!({"connections": ids(&connections), "variables": ids(&variables)});
    let started: Vec<_> = airflows.iter().map(|airflow| start(airflow, settings, &ids)).collect();
    let outputs = started.into_iter().map(|process| process.wait_with_output().unwrap());
    let texts = outputs.map(|output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

fn start(airflow: &str, settings: &Value, ids: &Value) -> Child {
    let version = if airflow == "AIRFLOW_2" { "2.11.2" } else { "3.3.2" };
    let metastore = PathBuf::from(told("METASTORES")).join(format!("empty-{version}.db"));
    let mut request = json!({"mode": "search", "ids": ids, "empty_metastore": metastore});
    request.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/airflow/readback.py");
    let mut process = Command::new(told(airflow))
        .arg("-B")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    process
}
