//! Times, ids, counts and names from elsewhere, as the pages write them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::ledger::Run;
use crate::model::Outcome;

/// What a segment of a path may hold as it is: what RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names come from stores: what a person cannot see, or what turns the text around it, is spelled out.
pub(super) fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) { safe.extend(character.escape_unicode()) } else { safe.push(character) }
    }
    safe
}

/// The same for a text of several lines.
pub(super) fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Control characters, marks of direction, and characters without a width.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe007f
        )
}

/// The path of a job's page.
pub(super) fn job_path(job: &str) -> String {
    format!("/jobs/{}", segment(job))
}

/// The path of a run's page.
pub(super) fn run_path(run: &str) -> String {
    format!("/runs/{}", segment(run))
}

fn segment(text: &str) -> String {
    // A browser takes `.` and `..` for steps in a path, however they are spelled; there is no page for such a name.
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A moment as its distance from now; the exact one is beside it for machines and on hovering.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(exact(at)) title=(exact(at)) { (distance(at, now)) } }
}

/// The same, or other words where there is none.
pub(super) fn moment_or(at: Option<Timestamp>, now: Timestamp, otherwise: &str) -> Markup {
    match at {
        Some(at) => moment(at, now),
        None => html! { span.quiet { (otherwise) } },
    }
}

/// A moment to the second.
pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How far `at` lies from `now`, in words.
pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.duration_since(now);
    let span = length(ahead.abs());
    match ahead.as_secs() {
        -1..=1 => "now".to_owned(),
        2.. => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// A length of time in its one or two largest units.
pub(super) fn length(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, below: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {below}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => two(hours, "h", minutes % 60, "min"),
        86_400..864_000 => two(days, if days == 1 { "day" } else { "days" }, hours % 24, "h"),
        _ => format!("{days} days"),
    }
}

/// How long a run took.
pub(super) fn took(started_at: Timestamp, ended_at: Option<Timestamp>) -> Option<String> {
    let span = ended_at?.duration_since(started_at);
    Some(if span.as_secs() < 10 { format!("{:.1} s", span.as_secs_f64().max(0.0)) } else { length(span) })
}

/// The end of an id, enough to tell it from others; the whole is on hovering. Ids begin with their time, so the end it is.
pub(super) fn short(id: &str) -> Markup {
    let from = id.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
    html! { code title=(visible(id)) { (visible(&id[from..])) } }
}

/// The head of a digest.
pub(super) fn digest(text: &str) -> Markup {
    let to = text.char_indices().nth(12).map_or(text.len(), |(at, _)| at);
    html! { code title=(visible(text)) { (visible(&text[..to])) } }
}

/// How many keys ended how, those that did not end well first and marked.
pub(super) fn counts(counts: &BTreeMap<Outcome, u64>) -> Markup {
    let mut told: Vec<(Outcome, u64)> = counts.iter().map(|(outcome, count)| (*outcome, *count)).collect();
    told.retain(|(_, count)| *count > 0);
    // What was left as it was is most of it, and the least news.
    told.sort_by_key(|(outcome, _)| (outcome.is_good(), *outcome == Outcome::Kept, *outcome));
    html! {
        @if told.is_empty() { span.quiet { "no keys" } }
        @for (place, (outcome, count)) in told.iter().enumerate() {
            @if place > 0 { ", " }
            @if outcome.is_good() { span title=(outcome.explained()) { (count) " " (outcome) } }
            @else { strong.bad title=(outcome.explained()) { (count) " " (outcome) } }
        }
    }
}

/// A run's counts, or what there is to say instead.
pub(super) fn run_counts(run: &Run) -> Markup {
    match run.ended_at {
        None => html! { span.quiet { "under way" } },
        Some(_) => counts(&run.counts),
    }
}

/// `1 job`, `2 jobs`.
pub(super) fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).expect("a moment")
    }

    #[test]
    fn a_distance_is_in_words() {
        let rows = [
            (0, "now"),
            (-1, "now"),
            (-3, "3 s ago"),
            (-59, "59 s ago"),
            (-60, "1 min ago"),
            (-3_599, "59 min ago"),
            (-3_600, "1 h ago"),
            (-7_500, "2 h 5 min ago"),
            (-86_400, "1 day ago"),
            (-180_000, "2 days 2 h ago"),
            (-8_640_000, "100 days ago"),
            (2, "in 2 s"),
            (900, "in 15 min"),
        ];
        for (seconds, expected) in rows {
            assert_eq!(distance(at(seconds), at(0)), expected, "{seconds}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        let rows = [
            ("db_main", "db_main"),
            ("naïve-日本", "naïve-日本"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\nb\u{7}", "a\\u{a}b\\u{7}"),
            ("z\u{200b}w\u{feff}", "z\\u{200b}w\\u{feff}"),
        ];
        for (text, expected) in rows {
            assert_eq!(visible(text), expected);
        }
        assert_eq!(visible_lines("one\ntwo\u{1b}[2J"), "one\ntwo\\u{1b}[2J");
    }

    #[test]
    fn a_path_holds_any_name() {
        assert_eq!(job_path("prod-to_dr.1"), "/jobs/prod-to_dr.1");
        assert_eq!(job_path("a/b?c#d \"é"), "/jobs/a%2Fb%3Fc%23d%20%22%C3%A9");
    }

    #[test]
    fn ids_are_shortened_at_character_boundaries() {
        assert_eq!(short("0190-ééééééééé").into_string(), "<code title=\"0190-ééééééééé\">éééééééé</code>");
        assert_eq!(short("abc").into_string(), "<code title=\"abc\">abc</code>");
        assert_eq!(digest("0123456789abcdef").into_string(), "<code title=\"0123456789abcdef\">0123456789ab</code>");
    }

    #[test]
    fn counts_begin_with_what_did_not_end_well() {
        let told = counts(&BTreeMap::from([
            (Outcome::Kept, 985),
            (Outcome::Created, 0),
            (Outcome::Updated, 12),
            (Outcome::Blocked, 3),
        ]));
        let text = told.into_string();
        let place = |word: &str| text.find(word).expect("it is told");
        assert!(place("3 blocked") < place("12 updated") && place("12 updated") < place("985 kept"), "{text}");
        assert!(!text.contains("created"), "{text}");
        assert_eq!(counts(&BTreeMap::new()).into_string(), "<span class=\"quiet\">no keys</span>");
    }
}
