//! Values with a unit, as the config writes them: `"30s"`, `"20%"`.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A duration written as a whole number and a unit: `ms`, `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurationText(pub Duration);

impl DurationText {
    /// Parses such a text; `None` for any other.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
        let duration = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => seconds(60)?,
            "h" => seconds(60 * 60)?,
            "d" => seconds(24 * 60 * 60)?,
            _ => return None,
        };
        Some(Self(duration))
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DurationVisitor)
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = DurationText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"30s\", \"15m\", \"24h\" or \"400d\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DurationText, E> {
        // Not repeated: whatever stands where it does not belong may be a secret.
        let wrong = || E::custom(format_args!("expected {}, found another text", &self as &dyn de::Expected));
        DurationText::parse(text).ok_or_else(wrong)
    }
}

/// A share between 0 and 100, written `"20%"` or `20`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl Percent {
    fn new(number: f64) -> Option<Self> {
        (0.0..=100.0).contains(&number).then_some(Self(number))
    }

    /// Parses `"20%"`; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(text.strip_suffix('%')?.parse().ok()?)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PercentVisitor)
    }
}

struct PercentVisitor;

impl PercentVisitor {
    fn wrong<E: de::Error>(&self, found: impl fmt::Display) -> E {
        E::custom(format_args!("expected {}, found {found}", self as &dyn de::Expected))
    }
}

impl Visitor<'_> for PercentVisitor {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a percentage between \"0%\" and \"100%\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percent, E> {
        Percent::parse(text).ok_or_else(|| self.wrong("another text"))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Percent, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Percent, E> {
        Percent::new(number).ok_or_else(|| self.wrong(number))
    }
}
