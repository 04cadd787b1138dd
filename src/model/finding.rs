//! What `check`, and a run, have to say to a person: how bad, where, and what to do.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, but somebody should look.
    Warning,
    /// Stops the job.
    Error,
}

impl Severity {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing to say; never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A word in kebab-case by which machines know it, such as `token-expires`.
    pub code: &'static str,
    /// The store, key, row or file it is about.
    pub subject: String,
    /// What was found, one sentence.
    pub message: String,
    /// What to do about it; may span lines (a policy, a GRANT).
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding without a remedy yet.
    pub fn new(severity: Severity, code: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity, code, subject: subject.into(), message: message.into(), remedy: None }
    }

    /// The same finding, with what to do.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
