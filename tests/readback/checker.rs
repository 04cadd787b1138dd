//! Holds what was done, and what real Airflow then read, against the rows of the source.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::airflow::Seen;
use crate::deserved::as_path;
use crate::difference::{differences, is_of_a_field};
use crate::ferry::Step;
use crate::metastore::{Key, Row};
use crate::remarks;

/// A run and all that is known of it.
pub struct Account<'a> {
    /// The source's rows.
    pub rows: &'a [Row],
    /// What became of each key.
    pub steps: &'a [Step],
    /// What the run had to say beside.
    pub findings: &'a Value,
    /// The reasons each key may be refused for.
    pub deserved: &'a BTreeMap<Key, BTreeSet<&'static str>>,
    /// Who must read it right.
    pub readers: &'a [&'a str],
    /// What they saw.
    pub seen: &'a [Seen],
}

impl Account<'_> {
    /// All that is wrong, a line each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.unaccounted();
        let seen = by_key(self.seen);
        for (key, steps) in self.steps_by_key() {
            let seen = seen.get(&(key.0.clone(), key.2.clone())).map(Vec::as_slice).unwrap_or_default();
            let found = match (steps.as_slice(), self.rows.iter().find(|row| row.key().as_ref() == Some(key))) {
                ([step], Some(row)) if is_good(step) => self.carried(step, row, seen),
                ([step], Some(_)) => self.refused(step, seen),
                (_, None) => vec!["no row has this key".to_owned()],
                (several, _) => vec![format!("it has {} outcomes", several.len())],
            };
            faults.extend(found.into_iter().map(|fault| format!("{key:?}: {fault}")));
        }
        faults
    }

    fn steps_by_key(&self) -> BTreeMap<&Key, Vec<&Step>> {
        let mut steps = BTreeMap::<_, Vec<_>>::new();
        for step in self.steps {
            steps.entry(&step.key).or_default().push(step);
        }
        steps
    }

    /// Rows without an outcome. Those that Airflow does not find either have a finding instead.
    fn unaccounted(&self) -> Vec<String> {
        let steps = self.steps_by_key();
        let mut faults = Vec::new();
        for row in self.rows {
            let Some(key) = row.key() else { continue };
            let has_outcome = steps.contains_key(&key);
            if !row.is_void() && !has_outcome {
                faults.push(format!("{key:?}: it has no outcome"));
            } else if row.is_void() && (has_outcome || !self.finds("void-variable", &format!("variables/{}", key.2))) {
                faults.push(format!("{key:?}: a variable without a value is not left out with a finding"));
            }
        }
        for (kind, table) in [("connections", "connection"), ("variables", "variable")] {
            let nameless = self.rows.iter().filter(|row| row.kind == kind && row.key().is_none()).count();
            let words = format!("{nameless} rows of the table {table} have no name");
            if nameless > 0 && !self.finds("nameless-row", &words) {
                faults.push(format!("no finding says that {words}"));
            }
        }
        faults
    }

    fn finds(&self, code: &str, words: &str) -> bool {
        let says = |finding: &&Value| finding["message"].as_str().is_some_and(|message| message.contains(words));
        self.findings.as_array().into_iter().flatten().filter(says).any(|finding| finding["code"] == code)
    }

    /// Every reader sees every field as it is, up to what the notes say; and every note is true.
    fn carried(&self, step: &Step, row: &Row, seen: &[&Seen]) -> Vec<String> {
        let mut faults = Vec::new();
        let (seen, others): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|seen| seen.team == row.team.as_deref());
        if others.iter().any(|seen| seen.found) {
            faults.push("another team finds it".to_owned());
        }
        if let Some(reasons) = self.deserved.get(&step.key) {
            faults.push(format!("it was {}, though it deserves {reasons:?}", step.what));
        }
        if self.readers.iter().any(|reader| !seen.iter().any(|seen| seen.reader == *reader)) {
            faults.push("not every reader was asked".to_owned());
        }
        let (of_fields, remarks): (BTreeSet<&str>, BTreeSet<&str>) =
            step.notes.iter().map(String::as_str).partition(|note| is_of_a_field(note));
        let mut met = BTreeSet::new();
        for seen in &seen {
            for difference in differences(row, seen) {
                if !of_fields.contains(difference.as_str()) {
                    faults.push(format!("{}: {difference}", seen.reader));
                }
                met.insert(difference);
            }
        }
        let unmet = of_fields.iter().filter(|note| !met.contains(**note));
        faults.extend(unmet.map(|note| format!("nobody sees what is noted: {note}")));
        faults.extend(remarks.iter().filter_map(|remark| remarks::fault(remark, row, &seen)));
        faults.extend(remarks::unsaid(&step.notes, &seen));
        faults
    }

    /// It deserves the reason given, and nobody finds it.
    fn refused(&self, step: &Step, seen: &[&Seen]) -> Vec<String> {
        let mut faults = Vec::new();
        if !["blocked", "quarantined"].contains(&step.what.as_str()) || step.detail.is_empty() {
            faults.push(format!("it was {} ({}) without a reason", step.what, step.reason));
        }
        let deserved = self.deserved.get(&step.key).is_some_and(|reasons| reasons.contains(step.reason.as_str()));
        if !deserved {
            let reasons = self.deserved.get(&step.key);
            faults.push(format!("it was {} as {}, though it deserves {reasons:?}", step.what, step.reason));
        }
        if !self.leads_elsewhere(step) {
            faults.extend(seen.iter().filter(|seen| seen.found).map(|seen| format!("{} finds it", seen.reader)));
        }
        faults
    }

    /// Tells whether asking for the id is asking for another key that was carried.
    fn leads_elsewhere(&self, step: &Step) -> bool {
        let (kind, team, id) = &step.key;
        let other = (kind.clone(), team.clone(), as_path(id));
        step.reason == "illegal-name"
            && other.2 != *id
            && self.steps.iter().any(|step| step.key == other && is_good(step))
    }
}

/// Tells whether the target holds the key now.
pub fn is_good(step: &Step) -> bool {
    ["created", "updated", "restored", "adopted", "kept"].contains(&step.what.as_str())
}

fn by_key(seen: &[Seen]) -> BTreeMap<(String, String), Vec<&Seen>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for seen in seen {
        found.entry((seen.kind.clone(), seen.id.clone())).or_default().push(seen);
    }
    found
}
