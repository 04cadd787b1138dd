//! A cron pattern: read strictly; where it cannot be, which field and character, and what was probably meant.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::field::{FIELDS, Field, Remark};
use crate::settings::nearest;

const NICKNAMES: [&str; 6] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"];

/// A cron pattern of five fields, of six with seconds in front, or a word such as `@daily`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    cron: Cron,
    text: String,
}

/// Why a text is no cron pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternFault {
    /// What is wrong, and where.
    pub problem: String,
    /// What was probably meant.
    pub meant: Option<Box<Pattern>>,
    /// What else to do.
    pub hint: Option<String>,
}

impl Pattern {
    /// Parses a pattern that is due at some time.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        let fault = match Self::parsed(text) {
            _ if text.trim().is_empty() => PatternFault::new("an empty pattern").hinting(EXAMPLE),
            _ if text.trim().starts_with('@') => return Self::nickname(text.trim()),
            parsed => {
                let fields = split(text);
                match fields.len() {
                    5 | 6 => {
                        let remarks = remarks(&fields);
                        match parsed {
                            Ok(pattern) if remarks.is_empty() => return pattern.if_ever(),
                            Err(problem) if remarks.is_empty() => PatternFault::new(problem),
                            _ => explained(&fields, &remarks),
                        }
                    }
                    count => miscounted(text, &fields, count),
                }
            }
        };
        Err(fault)
    }

    /// The first moment after `t` by the clock of `zone`: a time of day that is left out moves to the end of the gap, one
    /// that comes twice counts once; a repeated pattern, such as `*/15`, goes on through both hours.
    pub fn next_after(&self, t: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let whole = whole_second(t)?.to_zoned(zone.clone());
        Some(self.cron.find_next_occurrence(&whole, false).ok()?.timestamp())
    }

    /// The last moment that is not after `t`.
    pub fn latest_until(&self, t: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let whole = whole_second(t)?.to_zoned(zone.clone());
        Some(self.cron.find_previous_occurrence(&whole, true).ok()?.timestamp())
    }

    /// The pattern as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pattern in words, to stand within a sentence.
    pub fn words(&self) -> String {
        // Croner tells these as if they were simpler than they are.
        let stepped = |field: &str| field.contains('/') && (!field.starts_with("*/") || field.contains(','));
        if self.text.split(' ').any(|field| stepped(field) || field.eq_ignore_ascii_case("LW")) {
            return format!("whenever {} says", self.text);
        }
        let words = self.cron.describe();
        let words = words.trim_end_matches('.');
        let words = words.strip_prefix("At ").filter(|rest| rest.starts_with("every")).unwrap_or(words);
        words.replacen("At ", "at ", 1)
    }

    fn parsed(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| error.to_string())?;
        Ok(Self { cron, text: text.split_whitespace().collect::<Vec<_>>().join(" ") })
    }

    fn nickname(text: &str) -> Result<Self, PatternFault> {
        let word = text.to_lowercase();
        if NICKNAMES.contains(&word.as_str()) {
            return Self::parsed(&word).map_err(PatternFault::new);
        }
        let fault = PatternFault::new(format!("{text:?} is no pattern that is known"));
        let near = if word == "@midnight" { Some("@daily") } else { nearest(&word, NICKNAMES) };
        Err(match near {
            _ if word == "@reboot" => fault.hinting("write at-start = true for a run at each start of the daemon"),
            Some(near) => fault.meaning(near),
            None => fault.hinting(format!("known are {}", NICKNAMES.join(", "))),
        })
    }

    /// The pattern, if the calendar has such a day.
    fn if_ever(self) -> Result<Self, PatternFault> {
        if self.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_some() {
            return Ok(self);
        }
        let fields = split(&self.text);
        let day = fields.len() - 3;
        let last = fields.iter().enumerate().map(|(index, (_, text))| if index == day { "L" } else { *text });
        let fault = PatternFault::new(format!("{:?} never happens: no month it names has such a day", self.text));
        Err(fault.meaning(&last.collect::<Vec<_>>().join(" ")))
    }
}

const EXAMPLE: &str = "write minute, hour, day of the month, month and day of the week, such as \"*/15 * * * *\"";

impl PatternFault {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), meant: None, hint: None }
    }

    fn hinting(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    // Only what would be taken is proposed.
    fn meaning(self, text: &str) -> Self {
        Self { meant: Pattern::parse(text).ok().map(Box::new), ..self }
    }
}

/// Croner looks at whole seconds.
fn whole_second(t: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(t.as_second() - i64::from(t.subsec_nanosecond() < 0)).ok()
}

/// The fields of a text, each with the number of its first character, from 1.
fn split(text: &str) -> Vec<(usize, &str)> {
    let begins = |(at, _): &(usize, &str)| text[..*at].chars().count() + 1;
    let starts = text.split_whitespace().map(|field| (field.as_ptr() as usize - text.as_ptr() as usize, field));
    starts.map(|found| (begins(&found), found.1)).collect()
}

fn remarks(fields: &[(usize, &str)]) -> Vec<(Field, usize, Remark)> {
    let known = &FIELDS[FIELDS.len() - fields.len()..];
    let of_field = |(field, (at, text)): (&Field, &(usize, &str))| {
        let (field, at) = (*field, *at);
        field.remarks(text).into_iter().map(move |(offset, remark)| (field, at + offset, remark)).collect::<Vec<_>>()
    };
    known.iter().zip(fields).flat_map(of_field).collect()
}

fn explained(fields: &[(usize, &str)], remarks: &[(Field, usize, Remark)]) -> PatternFault {
    let told = remarks.iter().map(|(field, at, remark)| format!("{}, character {at}: {}", field.name, remark.problem));
    let fault = PatternFault::new(told.collect::<Vec<_>>().join("; "));
    let known = &FIELDS[FIELDS.len() - fields.len()..];
    let mended = known.iter().zip(fields).map(|(field, (_, text))| field.mended(text));
    match mended.collect::<Option<Vec<_>>>() {
        Some(mended) => fault.meaning(&mended.join(" ")),
        None => fault,
    }
}

fn miscounted(text: &str, fields: &[(usize, &str)], count: usize) -> PatternFault {
    let words: Vec<_> = fields.iter().map(|(_, field)| *field).collect();
    let fields = if count == 1 { "field" } else { "fields" };
    let fault =
        PatternFault::new(format!("{:?} needs 5 fields, or 6 with seconds; {count} {fields} given", text.trim()));
    let meant = match count {
        1..5 => Some([words.join(" "), "* ".repeat(5 - count).trim_end().to_owned()].join(" ")),
        7 if words[6] == "*" => Some(words[..6].join(" ")),
        _ => None,
    };
    let fault = fault.hinting(EXAMPLE);
    meant.map_or(fault.clone(), |meant| fault.meaning(&meant))
}
