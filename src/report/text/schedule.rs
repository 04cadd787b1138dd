//! When jobs are next due: on the clock of their zone, and in UTC where that is another.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::report::agenda::{Agenda, Times};
use crate::report::page::{Page, Paper, Tone};

/// Renders jobs and their next instants, in the order given.
pub fn schedule(agendas: &[Agenda], paper: Paper) -> String {
    let mut page = Page::new(paper);
    if agendas.is_empty() {
        page.line(0, Tone::Plain, "The config has no job.");
    }
    for agenda in agendas {
        match &agenda.plan {
            Some(times) => add(&mut page, &agenda.job, times),
            None => {
                page.heading(&agenda.job);
                page.line(2, Tone::Faint, "no schedule: it runs when somebody starts it");
            }
        }
    }
    page.finish()
}

fn add(page: &mut Page, job: &str, times: &Times) {
    let written = if times.written == times.words { String::new() } else { format!("  ({})", times.written) };
    page.heading(&format!("{job}: {}, {}{written}", times.words, times.zone));
    if times.next.is_empty() {
        page.line(2, Tone::Bad, "never again");
    }
    for at in &times.next {
        let here = at.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string();
        page.row(2, Tone::Plain, &here, 34, &in_utc(at));
    }
}

/// The same moment in UTC, where the clock there shows another time.
fn in_utc(at: &Zoned) -> String {
    if at.offset().is_zero() {
        return String::new();
    }
    at.with_time_zone(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
