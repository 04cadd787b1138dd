//! What changes inside one secret: its fields by name, each value as a short fingerprint.

use similar::{Algorithm, ChangeTag, capture_diff_slices, group_diff_ops};

use crate::planner::FieldDigest;
use crate::report::page::{Page, Tone};

/// Unchanged fields shown around a changed one.
const CONTEXT: usize = 2;

/// Writes the fields of a step: a unified diff where both sides are known, else a list.
pub(super) fn fields(page: &mut Page, indent: usize, before: &[FieldDigest], after: &[FieldDigest]) {
    if before.is_empty() || after.is_empty() {
        let known = if after.is_empty() { before } else { after };
        let listed: Vec<_> = known.iter().map(|field| format!("{} {}", field.path, field.shown)).collect();
        page.list(indent, Tone::Faint, &listed);
        return;
    }
    let widest = before.iter().chain(after).map(|field| field.path.chars().count()).max().unwrap_or_default();
    let lines = |fields: &[FieldDigest]| -> Vec<String> {
        fields.iter().map(|field| format!("{:widest$}  {}", field.path, field.shown)).collect()
    };
    let (old, new) = (lines(before), lines(after));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for (position, group) in group_diff_ops(ops, CONTEXT).iter().enumerate() {
        if position > 0 {
            page.line(indent, Tone::Faint, "  ...");
        }
        for change in group.iter().flat_map(|op| op.iter_changes(&old, &new)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Insert => ('+', Tone::Good),
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Equal => (' ', Tone::Faint),
            };
            page.line(indent, tone, &format!("{sign} {}", change.value()));
        }
    }
}
