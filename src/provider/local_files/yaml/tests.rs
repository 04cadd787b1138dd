//! What PyYAML reads, text by text, and changes that leave everything else alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise, and says which")]

use super::*;

/// Made by `tests/airflow/yaml_cases.py` with the PyYAML of Airflow 2.11.2 and 3.3.2, which agree.
const CASES: &str = include_str!("../../../../tests/golden/yaml.jsonl");

/// What is wrong with our reading of one text; `None` if it is PyYAML's.
fn difference(case: &serde_json::Value) -> Option<String> {
    let parsed = YamlDocument::parse(case["text"].as_str().unwrap());
    let Some(entries) = case["entries"].as_object() else {
        // A text that PyYAML refuses must not give a whole set of values.
        let spoilt = |read: &YamlDocument| read.ids().iter().any(|id| !matches!(read.find(id), Some(Found::Value(_))));
        return parsed.is_ok_and(|read| !spoilt(&read)).then(|| "PyYAML refuses it".to_owned());
    };
    let read = match parsed {
        Ok(read) => read,
        Err(malformed) => return Some(format!("we refuse it: {malformed}")),
    };
    let shown = |found| match found {
        Some(Found::Value(json)) => json.to_owned(),
        Some(Found::Several(_)) => "several".to_owned(),
        Some(Found::Unreadable(_)) => "unreadable".to_owned(),
        None => "nothing".to_owned(),
    };
    for (id, value) in entries {
        let (found, wanted) = (shown(read.find(id)), value.as_str().unwrap_or("unreadable"));
        if found != wanted && found != "several" {
            return Some(format!("{id}: {found}, and PyYAML reads {wanted}"));
        }
    }
    let others = read.ids().into_iter().filter(|id| !entries.contains_key(*id));
    let others: Vec<_> = others.map(|id| shown(read.find(id))).collect();
    let expected = case["other_keys"].as_u64().unwrap();
    let fits = others.len() as u64 == expected && others.iter().all(|found| found == "unreadable");
    (!fits).then(|| format!("other keys: {others:?}, PyYAML has {expected}"))
}

#[test]
fn reads_what_pyyaml_reads() {
    let cases: Vec<serde_json::Value> = CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() > 400, "the cases were not found");
    let told = |case: &serde_json::Value| difference(case).map(|what| format!("{}: {what}", case["text"]));
    let differences: Vec<_> = cases.iter().filter_map(told).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// A key and its new value; `None` removes.
type Change = (&'static str, Option<&'static str>);

fn changed(text: &str, changes: &[Change]) -> Result<String, Unwritable> {
    let mut document = YamlDocument::parse(text).unwrap();
    for (key, value) in changes {
        match value {
            Some(value) => document.put(key, value)?,
            None => document.remove(key),
        }
    }
    document.text().map(|text| text.to_string())
}

const FILE: &str = "# ours\na: 1   # one\n\n# two lines\nb: |\n  x\n  y\n\n'c':\n  host: h\n  port: 1\n# end\n";

#[test]
fn changes_what_is_asked_and_no_other_byte() {
    let rows: &[(&str, &[Change], &str)] = &[
        (FILE, &[], FILE),
        (FILE, &[("nowhere", None)], FILE),
        (FILE, &[("a", Some("\"2\""))], &FILE.replace("a: 1", "\"a\": \"2\"")),
        (FILE, &[("b", Some("\"2\""))], &FILE.replace("b: |\n  x\n  y\n\n", "\"b\": \"2\"\n")),
        (
            FILE,
            &[("c", Some("{\"port\": 2}"))],
            &FILE.replace("'c':\n  host: h\n  port: 1\n", "\"c\": {\"port\": 2}\n"),
        ),
        (FILE, &[("d", Some("\"x\""))], &FILE.replace("# end", "\"d\": \"x\"\n# end")),
        (FILE, &[("a", None)], &FILE.replace("a: 1   # one\n", "")),
        (FILE, &[("b", None)], &FILE.replace("b: |\n  x\n  y\n\n", "")),
        (FILE, &[("c", None), ("b", None), ("a", None)], "# ours\n{}\n\n# two lines\n# end\n"),
        ("{}\n", &[("a", Some("\"1\""))], "\"a\": \"1\"\n"),
        ("--- {}\n", &[("a", Some("\"1\""))], "---\n\"a\": \"1\"\n"),
        ("a: 1", &[("b", Some("null"))], "a: 1\n\"b\": null\n"),
        ("  a: 1\n", &[("b", Some("[1, \"x\"]"))], "  a: 1\n  \"b\": [1, \"x\"]\n"),
        ("a: 1\nb: 2\na: 3\n", &[("a", Some("4"))], "b: 2\n\"a\": 4\n"),
        ("a: 1\nb: 2\na: 3\n", &[("a", None)], "b: 2\n"),
        ("a: 1\n...\n", &[("b", Some("2"))], "a: 1\n\"b\": 2\n...\n"),
        ("a: 1\r\nb: 2\r\n", &[("a", Some("3"))], "\"a\": 3\r\nb: 2\r\n"),
        ("a: 1\n", &[("yes", Some("\"é\\ud83e\\udd80\\n\\\"\""))], "a: 1\n\"yes\": \"é\\U0001f980\\n\\\"\"\n"),
        (
            "a: 1\n",
            &[("b", Some("[1e-05, 1.5, NaN, -Infinity, 1e16]"))],
            "a: 1\n\"b\": [1.0e-05, 1.5, .nan, -.inf, 1.0e+16]\n",
        ),
        ("a: &x 1\nb: *x\n", &[("b", Some("2"))], "a: &x 1\n\"b\": 2\n"),
        ("é: 🦀\nb: ü\n", &[("b", Some("\"ö\"")), ("c", Some("1"))], "é: 🦀\n\"b\": \"ö\"\n\"c\": 1\n"),
    ];
    for (text, changes, expected) in rows {
        assert_eq!(changed(text, changes).as_deref(), Ok(*expected), "{text} {changes:?}");
    }
}

#[test]
fn refuses_what_would_change_more_than_is_asked() {
    let rows: &[(&str, &[Change])] = &[
        ("a: &x 1\nb: *x\n", &[("a", Some("2"))]),
        ("a: &x 1\nb: *x\n", &[("a", None)]),
        ("{a: 1, b: 2}\n", &[("c", Some("3"))]),
        ("{a: 1, b: 2}\n", &[("a", None)]),
        ("<<: {a: 1}\nb: 2\n", &[("b", Some("3"))]),
        ("? a\n: 1\n", &[("b", Some("3"))]),
        ("a: 1\n", &[("b", Some("\"\\ud800\""))]),
        ("a: 1\n", &[("b", Some("no json"))]),
        ("a: |+\n  x\n\n\nb: 1\n", &[("b", Some("2")), ("a", Some("{"))]),
    ];
    for (text, changes) in rows {
        assert!(changed(text, changes).is_err(), "{text} {changes:?}: {:?}", changed(text, changes));
    }
    let long = "x".repeat(2000);
    let mut document = YamlDocument::empty();
    assert!(document.put(&long, "1").is_err(), "YAML takes no key of more than 1024 characters");
}

/// Whatever file it is: a change that is not refused is read back, and so is everything else as it was.
#[test]
fn no_change_alters_another_entry() {
    let (mut made, mut refused) = (0, 0);
    for line in CASES.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let Ok(before) = YamlDocument::parse(text) else { continue };
        let others: Vec<_> = before.ids().into_iter().skip(1).collect();
        let first = before.ids().first().map_or("a", |id| *id).to_owned();
        let changes: [(&str, Option<&str>); 3] = [(&first, Some("\"new\"")), (&first, None), ("zz", Some("[1]"))];
        for (id, value) in changes {
            let mut document = YamlDocument::parse(text).unwrap();
            let put = value.map_or(Ok(()), |value| document.put(id, value));
            if value.is_none() {
                document.remove(id);
            }
            let Ok(after) = put.and_then(|()| document.text()) else {
                refused += 1;
                continue;
            };
            let after = YamlDocument::parse(&after).unwrap_or_else(|why| panic!("{text:?} with {id}: {why}"));
            let value_is = after.find(id) == value.map(Found::Value);
            let same = others.iter().all(|other| after.find(other) == before.find(other));
            assert!(value_is && same, "{text:?} with {id}");
            made += 1;
        }
    }
    assert!(made > 900 && refused > 20, "{made} changes were made, {refused} refused");
}
