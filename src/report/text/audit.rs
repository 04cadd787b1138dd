//! The audit log and its proof.

use super::history::moment;
use crate::ledger::{AuditProof, AuditRow};
use crate::model::{Fingerprint, SecretName};
use crate::report::page::{Page, Paper, Tone};

/// Renders rows of the log, in the order given.
pub fn audit(rows: &[AuditRow], paper: Paper) -> String {
    let mut page = Page::new(paper);
    if rows.is_empty() {
        page.line(0, Tone::Plain, "No row of the audit log fits.");
    }
    for row in rows {
        let label = format!("{:>6}  {}", row.sequence, moment(row.happened_at));
        page.row(0, Tone::Faint, &label, 30, &what(row));
        let more = [row.detail.clone(), fingerprints(row), row.request.as_ref().map(|id| format!("request {id}"))];
        for text in more.iter().flatten() {
            page.line(30, Tone::Faint, text);
        }
    }
    page.finish()
}

fn what(row: &AuditRow) -> String {
    let name =
        row.name.as_ref().map(|bound| SecretName::from_bound(bound).map_or(bound.clone(), |name| name.to_string()));
    let place = row.store.as_ref().map(|store| format!("in {store}"));
    let reason = row.reason.as_ref().map(|reason| format!("({reason})"));
    let words = [Some(row.event.clone()), row.action.clone(), name, place, reason, row.result.clone()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn fingerprints(row: &AuditRow) -> Option<String> {
    let short = |text: &Option<String>| {
        let text = text.as_ref()?;
        Some(Fingerprint::parse(text).map_or_else(|| text.clone(), |fingerprint| fingerprint.short().to_owned()))
    };
    match (short(&row.fingerprint_before), short(&row.fingerprint_after)) {
        (None, None) => None,
        (before, after) => {
            let [before, after] = [before, after].map(|text| text.unwrap_or_else(|| "nothing".to_owned()));
            Some(format!("{before} -> {after}"))
        }
    }
}

/// Renders what the log proves.
pub fn audit_proof(proof: &AuditProof, paper: Paper) -> String {
    let mut page = Page::new(paper);
    match &proof.broken {
        None => page.line(0, Tone::Good, &format!("The audit log is whole: {} rows.", proof.rows)),
        Some(broken) => {
            page.line(0, Tone::Bad, &format!("The audit log is broken: {broken}."));
            page.line(0, Tone::Plain, &format!("{} rows before it are as they were written.", proof.rows));
        }
    }
    if let Some(checkpoint) = &proof.checkpoint {
        page.line(0, Tone::Plain, &format!("Checkpoint: {checkpoint}. Older rows were folded away."));
    }
    page.line(0, Tone::Plain, &format!("Head: {}", proof.head));
    page.line(0, Tone::Faint, "Compare it with a head that was kept elsewhere, such as in an older run's report.");
    page.finish()
}
