//! The decision table, row by row, and the proof that it is whole and that a wrong row is reported.

use std::collections::BTreeSet;

use super::rows::{File, Given, Row, rows};

/// Tells how a row's plan differs from what is expected.
fn check(row: &Row) -> Result<(), String> {
    let expect = |what: &str, expected: &str, found: &str| {
        if expected.trim() == found.trim() {
            Ok(())
        } else {
            Err(format!("{}: {what}\n  expected: {}\n  found:    {found}\n", row.name, expected.trim()))
        }
    };
    expect("plan", &row.plan, &Given::new(row).plan())?;
    row.needs.as_ref().map_or(Ok(()), |needs| expect("needs", needs, &Given::new(row).needs()))?;
    row.versions.as_ref().map_or(Ok(()), |versions| expect("versions", versions, &Given::new(row).versions()))
}

#[test]
fn every_case_gives_its_plan() {
    let rows = rows();
    let faults: Vec<String> = rows.iter().filter_map(|row| check(row).err()).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

#[test]
fn case_names_are_told_apart() {
    let rows = rows();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len());
}

/// The control: a row that expects the wrong thing is reported, in its plan as in its needs.
#[test]
fn a_wrong_expectation_is_reported() {
    let row = |text: &str| {
        let text = format!("[[case]]\nname = 'control'\nsource.db = {{ value = 'new', revision = 's2' }}\n{text}");
        toml::from_str::<File>(&text).expect("a case").case.remove(0)
    };
    assert_eq!(check(&row("plan = 'create db new'\nneeds = 'source: db; target: '")), Ok(()));
    let fault = check(&row("plan = 'update db differs'")).expect_err("a wrong plan");
    assert!(fault.contains("expected: update db differs") && fault.contains("found:    create db new"), "{fault}");
    let fault = check(&row("plan = 'create db new'\nneeds = 'source: ; target: '")).expect_err("wrong needs");
    assert!(fault.contains("control: needs"), "{fault}");
}

/// What the planner can say of its own accord; each must have a row.
const TABLE: &[(&str, &str)] = &[
    ("create", "new drift-restored"),
    ("update", "source-changed drift-restored foreign-overwritten differs"),
    ("restore", "returned drift-restored tombstone-restored"),
    ("delete", "gone-from-source"),
    ("adopt", "equal-marked equal-unowned"),
    ("keep", "unchanged equal converged re-encrypted drift-kept deletes-off absent-too-short gone-from-both renamed"),
    (
        "block",
        "lossy illegal-name source-failed target-denied target-failed target-unreadable foreign foreign-differs \
         other-owner drift drift-deleted tombstone destroyed disabled managed final-delete shrink-guard delete-guard \
         read-errors",
    ),
    ("quarantine", "undecryptable"),
];

#[test]
fn every_action_and_reason_has_a_case() {
    let rows = rows();
    let lines = rows.iter().flat_map(|row| row.plan.lines());
    let pair = |line: &str| {
        let mut words = line.split([' ', ':']);
        Some((words.next()?.to_owned(), words.nth(1)?.to_owned()))
    };
    let covered: BTreeSet<(String, String)> = lines.filter_map(pair).collect();
    let table: BTreeSet<(String, String)> = TABLE
        .iter()
        .flat_map(|(action, reasons)| {
            reasons.split_whitespace().map(|reason| ((*action).to_owned(), reason.to_owned()))
        })
        .collect();
    assert_eq!(covered, table);
}
