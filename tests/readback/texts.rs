//! What lies in files of each format, as readers other than the product and the backend class tell it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::surroundings::told;

/// Entries by name.
pub type Entries = BTreeMap<String, Value>;

/// The entries of a file by the end of its name; for YAML the PyYAML that Airflow has is asked.
pub fn of_format(path: &Path, ending: &str) -> Entries {
    let text = fs::read_to_string(path).unwrap();
    match ending {
        "json" => serde_json::from_str(&text).unwrap(),
        "yaml" => {
            let script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)";
            serde_json::from_str(&answer(Command::new(told("AIRFLOW_3")).args(["-c", script]), &text)).unwrap()
        }
        "env" => as_values(lines(&text)),
        other => panic!("no file ends in .{other}"),
    }
}

/// The variables of a `.env` file in a dialect.
pub fn variables(path: &Path, dialect: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap();
    if dialect == "compose" { composed(&text) } else { lines(&text) }
}

/// The same as JSON.
pub fn as_values(entries: BTreeMap<String, String>) -> Entries {
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// Lines as they stand: what is before the first `=` and what is behind it.
fn lines(text: &str) -> BTreeMap<String, String> {
    let split = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.split_terminator('\n').map(|line| split(line).unwrap()).collect()
}

/// As the parser of Docker Compose reads it.
fn composed(text: &str) -> BTreeMap<String, String> {
    let answer = answer(&mut Command::new(told("DOTENV")), &format!("{}\n", Value::from(text)));
    let read: Value = serde_json::from_str(&answer).unwrap();
    // A value that hangs on other variables is null here, and is none that was written.
    serde_json::from_value(read["entries"].clone()).unwrap()
}

fn answer(command: &mut Command, question: &str) -> String {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = process.stdin.take().unwrap();
    let question = question.to_owned();
    let asking = std::thread::spawn(move || pipe.write_all(question.as_bytes()).unwrap());
    let output = process.wait_with_output().unwrap();
    asking.join().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}
