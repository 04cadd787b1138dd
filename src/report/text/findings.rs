//! Findings: how bad, about what, and what to do.

use crate::model::{Finding, Severity};
use crate::report::page::{Page, Paper, Tone};

/// Renders findings, the worst first, and their count.
pub fn findings(findings: &[Finding], paper: Paper) -> String {
    let mut page = Page::new(paper);
    add_findings(&mut page, findings);
    page.gap();
    page.line(0, Tone::Strong, &summary(findings));
    page.finish()
}

/// Writes findings, the worst first.
pub(super) fn add_findings(page: &mut Page, findings: &[Finding]) {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in sorted {
        page.gap();
        page.row(0, tone(finding.severity), finding.severity.as_str(), COLUMN, &finding.subject);
        page.line(COLUMN, Tone::Plain, &finding.message);
        for line in finding.remedy.iter().flat_map(|remedy| remedy.lines()) {
            // A policy is there to be copied: a line of it that is broken is worth nothing.
            match line.starts_with([' ', '{', '}']) {
                true => page.unbroken(COLUMN + 2, Tone::Faint, line),
                false => page.line(COLUMN + 2, Tone::Faint, line),
            }
        }
    }
}

/// Behind the longest severity.
const COLUMN: usize = 9;

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Faint,
        Severity::Warning => Tone::Change,
        Severity::Error => Tone::Bad,
    }
}

fn summary(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let told = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let counted = [
        told(count(Severity::Error), "error", "errors"),
        told(count(Severity::Warning), "warning", "warnings"),
        told(count(Severity::Info), "remark", "remarks"),
    ];
    let counted: Vec<_> = counted.into_iter().flatten().collect();
    if counted.is_empty() { "All is well: nothing was found.".to_owned() } else { format!("{}.", counted.join(", ")) }
}
