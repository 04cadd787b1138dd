//! One field of a cron pattern: what cannot be read in it, and what was probably meant.

use croner::Cron;

use crate::settings::nearest;

/// A field and what it may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field {
    /// What it is called.
    pub name: &'static str,
    index: usize,
    low: u16,
    high: u16,
    /// Names of its values, from the lowest.
    words: &'static [&'static str],
}

/// What cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remark {
    /// What is wrong.
    pub problem: String,
    /// What to write instead.
    mended: Option<String>,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The fields of a pattern with seconds.
pub(super) const FIELDS: [Field; 6] = [
    Field::new("second", 0, 0, 59, &[]),
    Field::new("minute", 1, 0, 59, &[]),
    Field::new("hour", 2, 0, 23, &[]),
    Field::new("day of the month", 3, 1, 31, &[]),
    Field::new("month", 4, 1, 12, &MONTHS),
    Field::new("day of the week", 5, 0, 7, &DAYS),
];

impl Field {
    const fn new(name: &'static str, index: usize, low: u16, high: u16, words: &'static [&'static str]) -> Self {
        Self { name, index, low, high, words }
    }

    /// Everything in `text` that cannot be read, by how many characters stand before it.
    pub(super) fn remarks(&self, text: &str) -> Vec<(usize, Remark)> {
        let mut at = 0;
        let mut found = Vec::new();
        for item in text.split(',') {
            if let Err(remark) = self.look_at(item) {
                found.push((at, remark));
            }
            at += item.chars().count() + 1;
        }
        found
    }

    /// The text with everything put right; `None` where nobody can tell how.
    pub(super) fn mended(&self, text: &str) -> Option<String> {
        let item = |item: &str| self.look_at(item).map_or_else(|remark| remark.mended, |()| Some(item.to_owned()));
        let items: Option<Vec<_>> = text.split(',').map(item).collect();
        let items: Vec<_> = items?.into_iter().filter(|item| !item.is_empty()).collect();
        (!items.is_empty()).then(|| items.join(","))
    }

    fn look_at(&self, item: &str) -> Result<(), Remark> {
        let refused = |problem: String, mended: Option<String>| Err(Remark { problem, mended });
        if item.is_empty() {
            return refused("nothing stands beside a comma".to_owned(), Some(String::new()));
        }
        if let Some((base, step)) = item.split_once('/') {
            return self.look_at_step(item, base, step);
        }
        if let Some((from, to)) = item.split_once('-') {
            return self.look_at_range(item, from, to);
        }
        if item.chars().all(char::is_alphanumeric) && !self.is_special(item) {
            self.value(item)?;
        }
        self.by_croner(item)
    }

    fn look_at_step(&self, item: &str, base: &str, step: &str) -> Result<(), Remark> {
        let most = self.high - self.low;
        if !step.parse().is_ok_and(|step: u16| (1..=most).contains(&step)) {
            let problem = format!("{item:?} has no step from 1 to {most} behind \"/\"");
            return Err(Remark { problem, mended: None });
        }
        match base.split_once('-') {
            Some((from, to)) => self.look_at_range(base, from, to).map_err(|remark| Remark {
                mended: remark.mended.filter(|mended| !mended.contains(',')).map(|mended| format!("{mended}/{step}")),
                ..remark
            }),
            None if base == "*" => self.by_croner(item),
            None if base.is_empty() => {
                Err(Remark { problem: format!("{item:?} steps on from nothing"), mended: Some(format!("*/{step}")) })
            }
            None => {
                self.value(base)?;
                let problem = format!("{item:?} steps on from a single {}; a step needs a range or \"*\"", self.name);
                Err(Remark { problem, mended: Some(format!("{base}-{}/{step}", self.high)) })
            }
        }
    }

    fn look_at_range(&self, item: &str, from: &str, to: &str) -> Result<(), Remark> {
        let (first, last) = (self.value(from)?, self.value(to)?);
        // Sunday is the last day too.
        let last = if last == 0 && self.high == 7 && !self.is_number(to) { 7 } else { last };
        if first > last {
            let problem = format!("{item:?} ends before it begins");
            let end = if self.high == 7 { 6 } else { self.high };
            return Err(Remark { problem, mended: Some(format!("{first}-{end},{}-{last}", self.low)) });
        }
        self.by_croner(item)
    }

    /// A number or a name as a number.
    fn value(&self, text: &str) -> Result<u16, Remark> {
        if let Some(place) = self.words.iter().position(|word| word.eq_ignore_ascii_case(text)) {
            return Ok(self.low + u16::try_from(place).unwrap_or_default());
        }
        if let Ok(number) = text.parse::<u16>().map_err(drop)
            && (self.low..=self.high).contains(&number)
        {
            return Ok(number);
        }
        let problem = match self.is_number(text) {
            true => format!("{text} is not from {} to {}", self.low, self.high),
            false if self.words.is_empty() => format!("{text:?} is no number"),
            false => format!("{text:?} is no {}", self.name),
        };
        Err(Remark { problem, mended: self.near(text) })
    }

    fn near(&self, text: &str) -> Option<String> {
        // The end of an hour or a day is the beginning of the next.
        if self.low == 0 && self.words.is_empty() && text.parse() == Ok(self.high + 1) {
            return Some("0".to_owned());
        }
        let upper = text.to_uppercase();
        let whole = self.words.iter().find(|word| upper.starts_with(**word)).copied();
        whole.or_else(|| nearest(&upper, self.words.iter().copied())).map(str::to_owned)
    }

    fn is_number(&self, text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// `L`, `15W`, `LW`, `5L`: what only the calendar knows.
    fn is_special(&self, item: &str) -> bool {
        let upper = item.to_uppercase();
        match self.index {
            3 => upper == "L" || upper.ends_with('W'),
            5 => upper == "L" || upper.strip_suffix('L').is_some_and(|day| self.value(day).is_ok()),
            _ => false,
        }
    }

    /// Whatever is left to say, by the words of who computes the instants.
    fn by_croner(&self, item: &str) -> Result<(), Remark> {
        let probe = (0..FIELDS.len()).map(|index| if index == self.index { item } else { "*" });
        let probed = probe.collect::<Vec<_>>().join(" ").parse::<Cron>();
        probed.map(drop).map_err(|_| Remark { problem: format!("{item:?} cannot be read"), mended: None })
    }
}
