//! The proof: what every reader sees in the target, held against the source.

use super::findings::add_findings;
use super::reasons::{Told, by_reason};
use crate::engine::{Mismatch, VerifyReport};
use crate::report::page::{Page, Paper, Tone};

/// Renders what a look at both sides found.
pub fn verify(report: &VerifyReport, paper: Paper) -> String {
    let mut page = Page::new(paper);
    let VerifyReport { job, source, target, .. } = report;
    page.line(0, Tone::Strong, &format!("Proof of {job}: {target} against {source}"));
    let details: Vec<String> = report.mismatches.iter().map(detail).collect();
    let told: Vec<_> = report.mismatches.iter().zip(&details).map(|(wrong, detail)| told(wrong, detail)).collect();
    by_reason(&mut page, "Not as in the source", Tone::Bad, &told);
    let refused: Vec<_> = report.refused.iter().map(|wrong| told_plainly(wrong)).collect();
    by_reason(&mut page, "Not carried", Tone::Change, &refused);
    add_findings(&mut page, &report.findings);
    page.gap();
    page.line(0, if report.mismatches.is_empty() { Tone::Good } else { Tone::Bad }, &summary(report));
    page.finish()
}

fn detail(wrong: &Mismatch) -> String {
    match wrong.fields.as_slice() {
        [] => wrong.detail.clone(),
        fields => format!("{} ({})", wrong.detail, fields.join(", ")),
    }
}

fn told<'a>(wrong: &'a Mismatch, detail: &'a str) -> Told<'a> {
    Told { names: wrong.names(), reason: wrong.reason, detail: Some(detail) }
}

fn told_plainly(wrong: &Mismatch) -> Told<'_> {
    told(wrong, &wrong.detail)
}

fn summary(report: &VerifyReport) -> String {
    let noted = report.equal.iter().filter(|key| !key.notes.is_empty()).count();
    let noted = if noted == 0 { String::new() } else { format!(" ({noted} with notes)") };
    let mut text = format!("{} of {} keys are read alike on both sides{noted}", report.equal.len(), report.checked());
    for (count, words) in [(report.mismatches.len(), "not as in the source"), (report.refused.len(), "not carried")] {
        if count > 0 {
            text.push_str(&format!(", {count} {words}"));
        }
    }
    text + "."
}
