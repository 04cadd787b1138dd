//! Keys grouped by why they are as they are: the reason is explained once, the keys follow.

use std::collections::BTreeMap;

use crate::model::{Names, Reason};
use crate::report::page::{Page, Tone, column};

/// One key and what there is to say of it beyond the reason.
pub(super) struct Told<'a> {
    pub(super) names: Names<'a>,
    pub(super) reason: Reason,
    pub(super) detail: Option<&'a str>,
}

/// Writes a heading with the number of keys, then the keys by reason, each with its detail; nothing where there are none.
pub(super) fn by_reason(page: &mut Page, heading: &str, tone: Tone, keys: &[Told<'_>]) {
    for (reason, keys) in grouped(page, heading, keys) {
        page.line(2, tone, &format!("{reason}: {}", reason.explained()));
        let labels: Vec<String> = keys.iter().map(|key| key.names.to_string()).collect();
        let column = column(page.width(), 4, labels.iter().map(String::as_str));
        for (key, label) in keys.iter().zip(&labels) {
            page.row(4, Tone::Plain, label, column, key.beyond());
        }
    }
}

/// Writes the same heading, but of each key its name alone: for keys that were told of in full just before.
pub(super) fn names_by_reason(page: &mut Page, heading: &str, tone: Tone, keys: &[Told<'_>]) {
    for (reason, keys) in grouped(page, heading, keys) {
        page.line(2, tone, &format!("{reason}:"));
        page.list(4, Tone::Plain, &keys.iter().map(|key| key.names.to_string()).collect::<Vec<_>>());
    }
}

fn grouped<'k, 'a>(page: &mut Page, heading: &str, keys: &'k [Told<'a>]) -> BTreeMap<Reason, Vec<&'k Told<'a>>> {
    if !keys.is_empty() {
        page.heading(&format!("{heading} ({})", keys.len()));
    }
    keys.iter().fold(BTreeMap::new(), |mut groups: BTreeMap<Reason, Vec<&Told<'_>>>, key| {
        groups.entry(key.reason).or_default().push(key);
        groups
    })
}

impl Told<'_> {
    /// The detail, without the name in front that the line begins with anyway.
    fn beyond(&self) -> &str {
        let detail = self.detail.unwrap_or_default();
        detail.strip_prefix(&self.names.target.to_string()).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(detail)
    }
}
