//! The checker is checked: of a clean account it has nothing to say, and of each planted fault one thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::airflow::Seen;
use crate::checker::Account;
use crate::ferry::Step;
use crate::metastore::{Key, Row};

/// An account of one connection that was carried, one that was refused, a void variable and a nameless one.
struct Ledger {
    rows: Vec<Row>,
    steps: Vec<Step>,
    seen: Vec<Seen>,
    findings: Value,
    deserved: BTreeMap<Key, BTreeSet<&'static str>>,
}

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

fn clean() -> Ledger {
    let fields = json!({"conn_type": "postgresql", "description": "d", "host": "h", "login": null, "port": 0, "extra": "{\"a\":1}"});
    let back = json!({"conn_type": "postgres", "description": null, "host": "h", "login": "", "port": null, "extra": "{\"a\": 1}"});
    Ledger {
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
    "description: this form has no place for it",
    "login: null and \"\" are one here",
    "port: port 0 is read as none",
    "extra: read in another spelling of the same JSON",
];

fn faults(ledger: &Ledger) -> Vec<String> {
    let Ledger { rows, steps, seen, findings, deserved } = ledger;
    Account { rows, steps, findings, deserved, readers: &["airflow-3"], seen }.faults()
}

#[test]
fn of_a_clean_account_there_is_nothing_to_say() {
    assert_eq!(faults(&clean()), Vec::<String>::new());
}

#[test]
fn each_planted_fault_is_found() {
    let plants: Vec<(&str, fn(&mut Ledger))> = vec![
        ("host: is read as another value", |ledger| set(&mut ledger.seen[0], "host", json!("H"))),
        ("port: is read as another value", |ledger| set(&mut ledger.seen[0], "port", json!(1))),
        ("port: is read as another value", |ledger| set(&mut ledger.seen[0], "port", json!("0"))),
        ("extra: is read as another value", |ledger| set(&mut ledger.seen[0], "extra", json!("{\"a\": 2}"))),
        ("password: null and \"\" are one here", |ledger| set(&mut ledger.seen[0], "password", json!(""))),
        ("nobody sees what is noted: login", |ledger| set(&mut ledger.seen[0], "login", Value::Null)),
        ("does not read it", |ledger| ledger.seen[0].found = false),
        ("does not read it", |ledger| ledger.seen[0].error = json!({"type": "TypeError"})),
        ("not every reader was asked", |ledger| drop(ledger.seen.remove(0))),
        ("unsaid: airflow-3 hands the connection out", |ledger| ledger.seen[0].conn_id = None),
        ("another team finds it", |ledger| ledger.seen[0].team = Some("data")),
        ("nobody knows this remark", |ledger| ledger.steps[0].notes.push("all is well".to_owned())),
        ("the remark is not true", |ledger| ledger.steps[0].notes.push("has *** inside (host)".to_owned())),
        ("it has no outcome", |ledger| drop(ledger.steps.remove(0))),
        ("it has 2 outcomes", |ledger| ledger.steps.push(ledger.steps[0].clone())),
        ("no row has this key", |ledger| drop(ledger.rows.remove(0))),
        ("it was created, though it deserves", |ledger| {
            drop(ledger.deserved.insert(key("good"), BTreeSet::from(["poisoned"])))
        }),
        ("though it deserves None", |ledger| ledger.deserved.clear()),
        ("as poisoned, though it deserves", |ledger| ledger.steps[1].reason = "poisoned".to_owned()),
        ("without a reason", |ledger| ledger.steps[1].detail.clear()),
        ("it was failed", |ledger| ledger.steps[1].what = "failed".to_owned()),
        ("airflow-3 finds it", |ledger| ledger.seen[1].found = true),
        ("a variable without a value is not left out", |ledger| drop(ledger.findings[0].take())),
        ("no finding says that 1 rows", |ledger| drop(ledger.findings[1].take())),
    ];
    for (expected, plant) in plants {
        let mut ledger = clean();
        plant(&mut ledger);
        let found = faults(&ledger);
        assert!(found.iter().any(|fault| fault.contains(expected)), "{expected:?} is not among {found:?}");
    }
}

fn set(seen: &mut Seen, field: &str, value: Value) {
    seen.fields.as_mut().unwrap().insert(field.to_owned(), value);
}
