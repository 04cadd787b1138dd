//! Keys grouped by why they are as they are: the reason is explained once, the keys follow.

use std::collections::BTreeMap;

use crate::model::{Reason, SecretName};
use crate::report::page::{Page, Tone, column};

/// One key and what there is to say of it beyond the reason.
pub(super) struct Told<'a> {
    pub(super) name: &'a SecretName,
    pub(super) reason: Reason,
    pub(super) detail: Option<&'a str>,
}

/// Writes a heading with the number of keys, then the keys by reason; nothing where there are none.
pub(super) fn by_reason(page: &mut Page, heading: &str, tone: Tone, keys: &[Told<'_>]) {
    if keys.is_empty() {
        return;
    }
    page.heading(&format!("{heading} ({})", keys.len()));
    let mut groups: BTreeMap<Reason, Vec<&Told<'_>>> = BTreeMap::new();
    for key in keys {
        groups.entry(key.reason).or_default().push(key);
    }
    for (reason, keys) in groups {
        page.line(2, tone, &format!("{reason}: {}", reason.explained()));
        let labels: Vec<String> = keys.iter().map(|key| key.name.to_string()).collect();
        let column = column(page.width(), 4, labels.iter().map(String::as_str));
        for (key, label) in keys.iter().zip(&labels) {
            page.row(4, Tone::Plain, label, column, key.detail.unwrap_or_default());
        }
    }
}
