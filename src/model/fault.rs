//! What can go wrong with a store, in the words the rest of the program decides by.

use std::fmt;

/// The kinds of error that callers tell apart; text is for people only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The store knows us and refuses, or does not know us.
    Denied,
    /// The key is not as the caller expected.
    Conflict,
    /// The store finds the request or what it holds malformed.
    Invalid,
    /// The value is larger than the store takes.
    TooLarge,
    /// The store, as it is configured, cannot do this.
    Unsupported,
    /// The store asks us to slow down.
    RateLimited,
    /// The store does not answer, or says that it cannot now.
    Unavailable,
    /// An answer that no rule foresees.
    Unexpected,
}

impl ErrorKind {
    /// The word used in reports and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::Unexpected => "unexpected",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the store may have done what we asked although it did not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was changed.
    None,
    /// The change may have been made; only reading back can tell.
    Unknown,
}
