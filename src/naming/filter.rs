//! Which names a job is about.

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::model::{Kind, SecretName};

/// The scope of a job: kinds, and globs over ids; the rest is invisible to it.
#[derive(Debug, Clone)]
pub struct Filter {
    kinds: Vec<Kind>,
    included: Vec<String>,
    include: GlobSet,
    exclude: GlobSet,
    only: Option<GlobSet>,
    narrowed: bool,
}

/// A glob that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no glob: {problem}")]
pub struct PatternError {
    /// The text as it was given.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Filter {
    /// Makes a filter, or names every glob that cannot be understood.
    ///
    /// `*` matches any text, `/` included; `?` matches one byte. Without an include pattern nothing is in scope.
    pub fn new(kinds: &[Kind], include_globs: &[String], exclude: &[String]) -> Result<Self, Vec<PatternError>> {
        match (glob_set(include_globs), glob_set(exclude)) {
            (Ok(include), Ok(exclude)) => {
                let (kinds, included) = (kinds.to_vec(), include_globs.to_vec());
                Ok(Self { kinds, included, include, exclude, only: None, narrowed: false })
            }
            (include, exclude) => Err([include.err(), exclude.err()].into_iter().flatten().flatten().collect()),
        }
    }

    /// The same filter for one command: only ids that match one of `only` (none given: all), and of one kind.
    pub fn narrowed(mut self, kind: Option<Kind>, only: &[String]) -> Result<Self, Vec<PatternError>> {
        self.narrowed |= kind.is_some() || !only.is_empty();
        self.kinds.retain(|own| kind.is_none_or(|kind| kind == *own));
        self.only = if only.is_empty() { None } else { Some(glob_set(only)?) };
        Ok(self)
    }

    /// Tells whether one command looks at a part of its job alone.
    pub fn is_narrowed(&self) -> bool {
        self.narrowed
    }

    /// The globs of the ids in scope, as they were given.
    pub fn included(&self) -> &[String] {
        &self.included
    }

    /// Tells whether the globs say anything: `*` alone takes whatever there is.
    pub fn is_explicit(&self) -> bool {
        !self.included.iter().any(|glob| glob == "*")
    }

    /// The kinds in scope.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Tells whether a name is in scope.
    pub fn matches(&self, name: &SecretName) -> bool {
        self.kinds.contains(&name.kind)
            && self.include.is_match(&name.id)
            && !self.exclude.is_match(&name.id)
            && self.only.as_ref().is_none_or(|only| only.is_match(&name.id))
    }
}

fn glob_set(patterns: &[String]) -> Result<GlobSet, Vec<PatternError>> {
    let mut builder = GlobSetBuilder::new();
    let mut errors = Vec::new();
    for pattern in patterns {
        match Glob::new(pattern) {
            Ok(glob) => drop(builder.add(glob)),
            Err(error) => {
                errors.push(PatternError { pattern: pattern.clone(), problem: error.kind().to_string() });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let unbuilt =
        |error: globset::Error| vec![PatternError { pattern: patterns.join(", "), problem: error.kind().to_string() }];
    builder.build().map_err(unbuilt)
}
