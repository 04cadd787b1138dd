//! The checker is checked: of a clean account it has nothing to say, and of each planted fault one thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::airflow::Seen;
use crate::checker::Account;
use crate::ferry::Step;
use crate::metastore::{Key, Row};

/// An account of one connection that was carried, one that was refused, a void variable and a nameless one.
struct Case {
    rows: Vec<Row>,
    steps: Vec<Step>,
    seen: Vec<Seen>,
    findings: Value,
    deserved: BTreeMap<Key, BTreeSet<&'static str>>,
}

/// What the checker must say, and what makes it.
type Plant = (&'static str, fn(&mut Case));

fn key(id: &str) -> Key {
    ("connections".to_owned(), None, id.to_owned())
}

fn row(line: Value) -> Row {
    serde_json::from_value(line).unwrap()
}

fn seen(id: &str, fields: Value) -> Seen {
    let line = json!({"kind": "connections", "id": id, "reader": "airflow-3", "found": !fields.is_null(), "conn_id": id, "fields": fields});
    serde_json::from_value(line).unwrap()
}

fn step(id: &str, what: &str, reason: &str, detail: &str, notes: &[&str]) -> Step {
    let notes = notes.iter().map(|note| (*note).to_owned()).collect();
    Step { key: key(id), what: what.to_owned(), reason: reason.to_owned(), detail: detail.to_owned(), notes }
}

fn clean() -> Case {
    let fields = json!({"conn_type": "postgresql", "description": "d", "host": "h", "login": null, "port": 0, "extra": "{\"a\":1}"});
    let back = json!({"conn_type": "postgres", "description": null, "host": "h", "login": "", "port": null, "extra": "{\"a\": 1}"});
    Case {
        rows: vec![
            row(json!({"kind": "connections", "id": "good", "team": null, "unreadable": [], "fields": fields})),
            row(
                json!({"kind": "connections", "id": "bad", "team": null, "unreadable": ["password"], "fields": fields}),
            ),
            row(json!({"kind": "variables", "id": "void", "team": null, "unreadable": [], "value": null})),
            row(json!({"kind": "variables", "id": "", "team": null, "unreadable": [], "value": "x"})),
        ],
        steps: vec![
            step("good", "created", "new", "", &NOTES),
            step("bad", "quarantined", "undecryptable", "no key opens it", &[]),
        ],
        seen: vec![seen("good", back), seen("bad", Value::Null)],
        findings: json!([
            {"code": "void-variable", "message": "left out: variables/void"},
            {"code": "nameless-row", "message": "1 rows of the table variable have no name"},
        ]),
        deserved: BTreeMap::from([(key("bad"), BTreeSet::from(["undecryptable"]))]),
    }
}

const NOTES: [&str; 5] = [
    "conn_type: read in Airflow's spelling of the type",
    "description: Airflow does not get it back from here",
    "login: null and \"\" are one here",
    "port: port 0 is read as none",
    "extra: read in another spelling of the same JSON",
];

fn faults(case: &Case) -> Vec<String> {
    let Case { rows, steps, seen, findings, deserved } = case;
    Account { rows, steps, findings, deserved, readers: &["airflow-3"], seen }.faults()
}

#[test]
fn of_a_clean_account_there_is_nothing_to_say() {
    assert_eq!(faults(&clean()), Vec::<String>::new());
}

#[test]
fn each_planted_fault_is_found() {
    let plants: [Plant; 24] = [
        ("host: is read as another value", |case| set(&mut case.seen[0], "host", json!("H"))),
        ("port: is read as another value", |case| set(&mut case.seen[0], "port", json!(1))),
        ("port: is read as another value", |case| set(&mut case.seen[0], "port", json!("0"))),
        ("extra: is read as another value", |case| set(&mut case.seen[0], "extra", json!("{\"a\": 2}"))),
        ("password: null and \"\" are one here", |case| set(&mut case.seen[0], "password", json!(""))),
        ("nobody sees what is noted: login", |case| set(&mut case.seen[0], "login", Value::Null)),
        ("does not read it", |case| case.seen[0].found = false),
        ("does not read it", |case| case.seen[0].error = json!({"type": "TypeError"})),
        ("not every reader was asked", |case| drop(case.seen.remove(0))),
        ("unsaid: airflow-3 hands the connection out", |case| case.seen[0].conn_id = None),
        ("another team finds it", |case| case.seen[0].team = Some("data")),
        ("nobody knows this remark", |case| case.steps[0].notes.push("all is well".to_owned())),
        ("the remark is not true", |case| case.steps[0].notes.push("has *** inside (host)".to_owned())),
        ("it has no outcome", |case| drop(case.steps.remove(0))),
        ("it has 2 outcomes", |case| case.steps.push(case.steps[0].clone())),
        ("no row has this key", |case| drop(case.rows.remove(0))),
        ("it was created, though it deserves", |case| {
            drop(case.deserved.insert(key("good"), BTreeSet::from(["poisoned"])))
        }),
        ("though it deserves None", |case| case.deserved.clear()),
        ("as poisoned, though it deserves", |case| case.steps[1].reason = "poisoned".to_owned()),
        ("without a reason", |case| case.steps[1].detail.clear()),
        ("it was failed", |case| case.steps[1].what = "failed".to_owned()),
        ("airflow-3 finds it", |case| case.seen[1].found = true),
        ("a variable without a value is not left out", |case| drop(case.findings[0].take())),
        ("no finding says that 1 rows", |case| drop(case.findings[1].take())),
    ];
    for (expected, plant) in plants {
        let mut case = clean();
        plant(&mut case);
        let found = faults(&case);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{expected:?} is not among {found:?}");
    }
}

fn set(seen: &mut Seen, field: &str, value: Value) {
    seen.fields.as_mut().unwrap().insert(field.to_owned(), value);
}
