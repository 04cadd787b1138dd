//! What a source's name becomes in the target: an exact rename, else a prefix off, then a template or prefix around it.

use std::collections::BTreeMap;
use std::fmt;

use super::template::Template;
use crate::model::{Kind, SecretName};

/// How a job names in the target what it reads in the source; the default keeps every name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    renames: BTreeMap<Renamed, String>,
    strip: Option<String>,
    template: Template,
}

/// What a rename is about: an id of one kind, or of any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Renamed {
    /// The kind; `None` for whatever has the id.
    pub kind: Option<Kind>,
    /// The source's id.
    pub id: String,
}

impl Renamed {
    /// Reads `x` or `connections/x`, as `accept` takes them.
    pub fn parse(text: &str) -> Self {
        match text.split_once('/').and_then(|(kind, id)| Some((Kind::parse(kind)?, id))) {
            Some((kind, id)) => Self { kind: Some(kind), id: id.to_owned() },
            None => Self { kind: None, id: text.to_owned() },
        }
    }

    /// Tells whether it is about a name.
    pub fn is(&self, name: &SecretName) -> bool {
        self.is_of(name.kind) && self.id == name.id
    }

    /// Tells whether it is about names of a kind.
    pub fn is_of(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|own| own == kind)
    }
}

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            None => f.write_str(&self.id),
            Some(kind) => write!(f, "{}/{}", kind.plural(), self.id),
        }
    }
}

impl Mapping {
    /// Makes a mapping; an empty prefix to strip counts as none.
    pub fn new(renames: impl IntoIterator<Item = (Renamed, String)>, strip: Option<&str>, template: Template) -> Self {
        let strip = strip.filter(|prefix| !prefix.is_empty()).map(str::to_owned);
        Self { renames: renames.into_iter().collect(), strip, template }
    }

    /// Tells whether every name is kept.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// The exact renames, in order.
    pub fn renames(&self) -> impl Iterator<Item = (&Renamed, &str)> {
        self.renames.iter().map(|(renamed, new)| (renamed, new.as_str()))
    }

    /// What is stripped from ids that begin with it, and are more than it.
    pub(super) fn stripped(&self) -> Option<&str> {
        self.strip.as_deref()
    }

    /// What is put around an id of a kind.
    pub(super) fn around(&self, kind: Kind) -> (String, String) {
        self.template.around(kind)
    }

    /// The target's name of a name of the source; kind and team stay.
    pub fn target(&self, name: &SecretName) -> SecretName {
        let id = match self.renamed(name) {
            Some(new) => new.to_owned(),
            None => self.dressed(name),
        };
        SecretName { id, ..name.clone() }
    }

    /// Every name of the source that would become `name` in the target, in order; the source need not have them.
    pub fn sources(&self, name: &SecretName) -> Vec<SecretName> {
        let renamed = self.renames.iter().filter(|(renamed, new)| **new == name.id && renamed.is_of(name.kind));
        let (before, after) = self.around(name.kind);
        let bare = name.id.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after));
        let dressed = bare.into_iter().flat_map(|bare| {
            let stripped = self.strip.iter().map(move |prefix| format!("{prefix}{bare}"));
            stripped.chain([bare.to_owned()])
        });
        let ids = renamed.map(|(renamed, _)| renamed.id.clone()).chain(dressed).filter(|id| !id.is_empty());
        let mut names: Vec<_> = ids.map(|id| SecretName { id, ..name.clone() }).collect();
        names.retain(|source| self.target(source) == *name);
        names.sort();
        names.dedup();
        names
    }

    /// The new id of an exact rename; one of the very kind goes before one of any.
    fn renamed(&self, name: &SecretName) -> Option<&str> {
        let of = |kind| self.renames.get(&Renamed { kind, id: name.id.clone() });
        of(Some(name.kind)).or_else(|| of(None)).map(String::as_str)
    }

    fn dressed(&self, name: &SecretName) -> String {
        let stripped = self.strip.as_deref().and_then(|prefix| name.id.strip_prefix(prefix));
        let bare = stripped.filter(|rest| !rest.is_empty()).unwrap_or(&name.id);
        let (before, after) = self.around(name.kind);
        format!("{before}{bare}{after}")
    }
}
