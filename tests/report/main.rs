//! Reports, compared to the letter with the texts in `expected/`; `UPDATE=1` writes those anew.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod past;
mod plan;
mod run;

use std::path::Path;

use secretferry::model::{Fingerprint, Kind, MasterKey, Purpose, SecretName, Subkey};
use secretferry::planner::FieldDigest;
use secretferry::report::{Colour, Paper};

/// The widths every text report is shown at.
const WIDTHS: [usize; 2] = [80, 120];

/// Compares a report with the expected text of that name.
fn check(name: &str, report: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/expected").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, report).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(report == expected, "{name} is not as expected; UPDATE=1 writes it anew. It is now:\n{report}");
}

/// Compares a text report at every width, and holds it to its width.
fn check_text(name: &str, render: impl Fn(Paper) -> String) {
    for width in WIDTHS {
        let report = render(Paper { width, colour: Colour::None });
        check(&format!("{name}.{width}.txt"), &report);
        let longest = report.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(longest <= width, "{name}: a line of {longest} columns on a paper of {width}");
        assert!(!report.lines().any(|line| line.ends_with(' ')), "{name}: a line ends with a space");
        assert!(!report.contains('\u{1b}'), "{name}: a control character");
    }
}

/// Compares a JSON report, and holds it to be JSON with its schema in front.
fn check_json(name: &str, schema: &str, report: &str) {
    check(&format!("{name}.json"), report);
    let value: serde_json::Value = serde_json::from_str(report).unwrap();
    let (first, value) = value.as_object().unwrap().iter().next().unwrap();
    assert_eq!((first.as_str(), value.as_str()), ("schema", Some(schema)));
}

fn key() -> Subkey {
    let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    MasterKey::parse(text).unwrap().subkey(Purpose::Fingerprint)
}

fn connection(id: &str) -> SecretName {
    SecretName::new(Kind::Connection, id)
}

fn fingerprint(name: &SecretName, text: &str) -> Fingerprint {
    Fingerprint::of_value(&key(), name, text.as_bytes())
}

fn fields(name: &SecretName, values: &[(&str, &str)]) -> Vec<FieldDigest> {
    let digest = |(path, text): &(&str, &str)| FieldDigest {
        path: (*path).to_owned().into(),
        shown: Fingerprint::of_field(&key(), name, path, text.as_bytes()).short().to_owned(),
    };
    values.iter().map(digest).collect()
}
