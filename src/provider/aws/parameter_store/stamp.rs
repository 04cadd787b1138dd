//! Which version of a parameter it is, and how that is spelled as a revision.

use jiff::Timestamp;

use crate::model::Revision;

/// A version and when it was made: together they tell a parameter from one that was deleted and made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The number, from 1.
    pub version: i64,
    /// Milliseconds since 1970; `None` where AWS did not say.
    pub made: Option<i64>,
}

impl Stamp {
    /// `7@2026-11-23T10:00:00.123Z`; `7` alone where nobody said when.
    ///
    /// A version alone is equal to no listed revision, so a value of which no more is known is read once and then known again.
    pub fn revision(self) -> Revision {
        let version = self.version;
        match self.time() {
            Some(time) => Revision::new(format!("{version}@{time:.3}")),
            None => Revision::new(version.to_string()),
        }
    }

    /// When it was made.
    pub fn time(self) -> Option<Timestamp> {
        self.made.and_then(|made| Timestamp::from_millisecond(made).ok())
    }

    /// Reads a revision of ours; `None` for any other text.
    pub fn parse(revision: &Revision) -> Option<Self> {
        let text = revision.as_str();
        let (version, made) = match text.split_once('@') {
            Some((version, time)) => (version, Some(time.parse::<Timestamp>().ok()?.as_millisecond())),
            None => (text, None),
        };
        Some(Self { version: version.parse().ok()?, made })
    }

    /// Whether both may be the same version: where one does not say when it was made, the number alone tells.
    pub fn is(self, other: Self) -> bool {
        self.version == other.version && (self.made == other.made || self.made.is_none() || other.made.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: i64 = 1_795_428_000_123;

    #[test]
    fn a_revision_is_a_version_and_its_moment() {
        let rows = [
            (Stamp { version: 7, made: Some(MADE) }, "7@2026-11-23T10:00:00.123Z"),
            (Stamp { version: 1, made: Some(MADE - 123) }, "1@2026-11-23T10:00:00.000Z"),
            (Stamp { version: 100, made: None }, "100"),
        ];
        for (stamp, text) in rows {
            assert_eq!(stamp.revision().as_str(), text);
            assert_eq!(Stamp::parse(&Revision::new(text)), Some(stamp), "{text}");
        }
        for other in ["", "x", "7@", "7@yesterday", "@2026-11-23T10:00:00Z"] {
            assert_eq!(Stamp::parse(&Revision::new(other)), None, "{other}");
        }
    }

    #[test]
    fn the_same_number_of_another_life_is_another_version() {
        let stamp = |made| Stamp { version: 1, made };
        assert!(stamp(Some(1)).is(stamp(Some(1))) && stamp(Some(1)).is(stamp(None)));
        assert!(!stamp(Some(1)).is(stamp(Some(2))) && !stamp(None).is(Stamp { version: 2, made: None }));
    }
}
