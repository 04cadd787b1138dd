//! A secret's text: the one type a value lives in.

use std::fmt;

use zeroize::Zeroizing;

/// The text of a secret: printed redacted, wiped when dropped, never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// Takes the text over; the caller's string is moved, not copied.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows the text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Tells whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(redacted)")
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}
