//! Any error as words for a person: what happened, what to do, and the exit code. The only place errors become words.

use crate::config::ConfigError;
use crate::engine::RunError;
use crate::ledger::LedgerError;
use crate::model::{Finding, Severity};
use crate::naming::PatternError;
use crate::provider;

/// The command line or the config is wrong.
pub const BAD_INPUT: u8 = 2;
/// The run failed as a whole.
pub const FAILED: u8 = 1;
/// Some keys failed, or something was found.
pub const FOUND: u8 = 3;
/// A plan has changes, and the exit code was asked for.
pub const CHANGES: u8 = 4;
/// A person interrupted.
pub const INTERRUPTED: u8 = 130;

/// The exit code of a command that did several things, the first that fits.
pub fn worst(codes: &[u8]) -> u8 {
    let first = [BAD_INPUT, FAILED, INTERRUPTED, FOUND, CHANGES].into_iter().find(|code| codes.contains(code));
    first.or_else(|| codes.iter().copied().max()).unwrap_or_default()
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// Everything that is wrong; never empty.
    pub problems: Vec<Problem>,
    /// What the process ends with.
    pub exit_code: u8,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What happened, one sentence.
    pub message: String,
    /// What to do about it; may span lines.
    pub hint: Option<String>,
}

impl Failure {
    /// A fault of the command line.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::one(message.into(), Some(hint.into()), BAD_INPUT)
    }

    /// Something that went wrong on this machine.
    pub fn local(message: impl Into<String>) -> Self {
        Self::one(message.into(), None, FAILED)
    }

    /// The same failure, with what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.problems.iter_mut().for_each(|problem| problem.hint = Some(hint.clone()));
        self
    }

    /// The same failure, with another exit code.
    #[must_use]
    pub fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    /// Every fault of a config, or of what it refers to.
    pub fn config(errors: Vec<ConfigError>) -> Self {
        let problem = |error: ConfigError| Problem { message: error.sentence(), hint: error.hint };
        Self { problems: errors.into_iter().map(problem).collect(), exit_code: BAD_INPUT }
    }

    /// Globs that cannot be understood.
    pub fn pattern(errors: Vec<PatternError>) -> Self {
        let problem = |error: PatternError| Problem { message: error.to_string(), hint: None };
        Self { problems: errors.into_iter().map(problem).collect(), exit_code: BAD_INPUT }
    }

    /// A ledger that cannot be used.
    pub fn ledger(error: LedgerError) -> Self {
        let exit_code = if matches!(error, LedgerError::AmbiguousRun(_)) { BAD_INPUT } else { FAILED };
        Self::one(error.to_string(), error.remedy().map(str::to_owned), exit_code)
    }

    /// A store that cannot be opened or asked.
    pub fn store(error: provider::Error) -> Self {
        Self::one(error.to_string(), error.remedy, FAILED)
    }

    /// A run that could not go on.
    pub fn run(error: RunError) -> Self {
        let message = error.to_string();
        let inner = match error {
            RunError::Store { source, .. } => Self::store(source),
            RunError::Ledger { source, .. } => Self::ledger(source),
        };
        let hint = inner.problems.into_iter().find_map(|problem| problem.hint);
        Self::one(message, hint, inner.exit_code)
    }

    /// The same as findings about `subject`.
    pub fn findings(self, subject: &str, code: &'static str) -> Vec<Finding> {
        let finding = |problem: Problem| {
            let message = problem.message.strip_prefix(subject).and_then(|rest| rest.strip_prefix(": "));
            let message = message.unwrap_or(&problem.message);
            let finding = Finding::new(Severity::Error, code, subject, message);
            Finding { remedy: problem.hint, ..finding }
        };
        self.problems.into_iter().map(finding).collect()
    }

    /// What happened, in one line.
    pub fn message(&self) -> String {
        self.problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    fn one(message: String, hint: Option<String>, exit_code: u8) -> Self {
        Self { problems: vec![Problem { message, hint }], exit_code }
    }
}
