//! Names that would meet under one key, found in the config alone, before any call.

use std::fmt;

use super::mapping::Mapping;
use super::meeting::{Pattern, Patterns, meeting};
use super::rule::{Mount, Rule, Teams};
use crate::model::{Kind, RemoteKey, Severity};

/// What one target of one job may write.
#[derive(Debug, Clone, Copy)]
pub struct JobNames<'a> {
    /// The job's name.
    pub job: &'a str,
    /// The target's name.
    pub store: &'a str,
    /// The target under any name: equal for two stores that are one place.
    pub identity: &'a str,
    /// How the target spells names.
    pub rule: &'a Rule,
    /// The kinds in scope.
    pub kinds: &'a [Kind],
    /// Globs over the ids in scope.
    pub include: &'a [String],
    /// Globs over the ids out of scope.
    pub exclude: &'a [String],
    /// What the source's ids become.
    pub mapping: &'a Mapping,
}

/// Names that would meet under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// Two kinds of one job lie under prefixes that cannot always be told apart.
    Prefixes {
        /// The job.
        job: String,
        /// The target.
        store: String,
        /// The two kinds.
        kinds: (Kind, Kind),
        /// How the prefixes lie to each other.
        overlap: Overlap,
    },
    /// Two jobs, or two targets of one, may write one key.
    Jobs {
        /// The jobs, with their targets.
        jobs: [(String, String); 2],
        /// A text for which both hold: an id, or a key where the two spell names differently.
        example: String,
    },
}

/// How two prefixes lie to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlap {
    /// They are this same text: every id of one kind could be one of the other.
    Equal(String),
    /// They are this same text in a store where kinds may share one: single ids, of which both kinds have one, meet.
    Shared(String),
    /// The second lies in the first: single ids, which [`encode`](super::encode) refuses, would read as the other kind.
    Nested(String, String),
}

impl Conflict {
    /// Whether it stops the job, or only some ids of it.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Prefixes { overlap: Overlap::Nested(..) | Overlap::Shared(_), .. } => Severity::Warning,
            Self::Prefixes { .. } | Self::Jobs { .. } => Severity::Error,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefixes { job, store, kinds: (one, other), overlap } => {
                let (one, other) = (one.plural(), other.plural());
                write!(f, "job {job}: in {store}, {one} and {other} ")?;
                match overlap {
                    Overlap::Equal(prefix) => {
                        write!(f, "both lie under \"{prefix}\" and cannot be told apart; give each its own prefix")
                    }
                    Overlap::Shared(prefix) => write!(
                        f,
                        "both lie under \"{prefix}\": an id that both have is refused, and of keys without our mark \
                         nothing tells the kind; better give each its own prefix"
                    ),
                    Overlap::Nested(outer, inner) => write!(
                        f,
                        "overlap: \"{inner}\" lies in \"{outer}\"; ids that read as the other kind will be refused"
                    ),
                }
            }
            Self::Jobs { jobs: [(job, store), (other_job, other_store)], example } if job == other_job => {
                write!(
                    f,
                    "job {job}: its targets {store} and {other_store} are one place, and both may write `{example}`; drop one"
                )
            }
            Self::Jobs { jobs: [(job, store), (other_job, other_store)], example } => write!(
                f,
                "jobs {job} (to {store}) and {other_job} (to {other_store}) may both write `{example}`; \
                 narrow the kinds, include or exclude of one"
            ),
        }
    }
}

/// Finds every conflict among all jobs of a config.
pub fn static_conflicts(jobs: &[JobNames<'_>]) -> Vec<Conflict> {
    let own = jobs.iter().flat_map(|names| {
        prefix_overlaps(names.rule, names.kinds).into_iter().map(|(kinds, overlap)| Conflict::Prefixes {
            job: names.job.to_owned(),
            store: names.store.to_owned(),
            kinds,
            overlap,
        })
    });
    let pairs =
        jobs.iter().enumerate().flat_map(|(index, one)| jobs[index + 1..].iter().map(move |other| (one, other)));
    let shared = pairs.filter(|(one, other)| one.identity == other.identity).filter_map(|(one, other)| {
        let named = |names: &JobNames<'_>| (names.job.to_owned(), names.store.to_owned());
        Some(Conflict::Jobs { jobs: [named(one), named(other)], example: shared_key(one, other)? })
    });
    own.chain(shared).collect()
}

/// Finds the kinds of a store whose prefixes cannot always be told apart; worth asking of a source too.
pub fn prefix_overlaps(rule: &Rule, kinds: &[Kind]) -> Vec<((Kind, Kind), Overlap)> {
    let mut found = Vec::new();
    for one in Kind::ALL {
        for other in Kind::ALL.into_iter().filter(|other| *other > one) {
            if kinds.contains(&one) && kinds.contains(&other) {
                found.extend(overlap(rule, one, other).map(|overlap| ((one, other), overlap)));
            }
        }
    }
    found
}

/// The worst overlap among the prefixes of two kinds.
fn overlap(rule: &Rule, one: Kind, other: Kind) -> Option<Overlap> {
    let lies_in = |inner: &str, outer: &str| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(&*rule.separator))
    };
    let others = rule.place(other).prefixes();
    let pairs = rule.place(one).prefixes().iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let mut nested = None;
    for (one, other) in pairs {
        let (one, other) = (rule.fold(one).into_owned(), rule.fold(other).into_owned());
        if one == other {
            return Some(if rule.kinds_may_share() { Overlap::Shared(one) } else { Overlap::Equal(one) });
        }
        if lies_in(&other, &one) {
            nested = Some(Overlap::Nested(one, other));
        } else if lies_in(&one, &other) {
            nested = Some(Overlap::Nested(other, one));
        }
    }
    nested
}

/// An id or key that two jobs on one place may both write; or one write and the other, its names as they are, read.
pub fn shared_key(one: &JobNames<'_>, other: &JobNames<'_>) -> Option<String> {
    one.kinds.iter().find_map(|kind| other.kinds.iter().find_map(|other_kind| meet(one, *kind, other, *other_kind)))
}

fn meet(one: &JobNames<'_>, kind: Kind, other: &JobNames<'_>, other_kind: Kind) -> Option<String> {
    let prefix = one.rule.place(kind).prefixes().first()?;
    let other_prefix = other.rule.place(other_kind).prefixes().first()?;
    let (left, right) = if one.rule.fold(prefix) == other.rule.fold(other_prefix) && spells_alike(one.rule, other.rule)
    {
        (ids(one, other, kind), ids(other, one, other_kind))
    } else {
        (keys(one, kind, prefix), keys(other, other_kind, other_prefix))
    };
    left.iter().find_map(|left| right.iter().find_map(|right| meeting(left, right)))
}

/// Whether equal keys under equal prefixes mean equal ids.
///
/// Where the mounts stand does not matter: `p/i` equals `m/p/j` only if `i` is `m/j`.
fn spells_alike(one: &Rule, other: &Rule) -> bool {
    one.separator == other.separator && one.teams == other.teams && one.folding == other.folding
}

/// The ids a job may write. What it includes in the very words the other excludes is left out, whatever it means.
fn ids(own: &JobNames<'_>, other: &JobNames<'_>, kind: Kind) -> Vec<Patterns> {
    if !(own.mapping.is_identity() && other.mapping.is_identity()) {
        return images(own, kind);
    }
    let included: Vec<&String> = own.include.iter().filter(|pattern| !other.exclude.contains(pattern)).collect();
    vec![Patterns { include: globs(own.rule, included), exclude: globs(own.rule, own.exclude) }]
}

/// What a job's mapping makes of the ids in its scope: the renamed ones, those without the prefix to strip, those with it.
fn images(own: &JobNames<'_>, kind: Kind) -> Vec<Patterns> {
    let mapping = own.mapping;
    let fold = |text: &str| own.rule.fold(text).into_owned();
    let renames = || mapping.renames().filter(|(renamed, _)| renamed.is_of(kind));
    let (include, mut exclude) = (globs(own.rule, own.include), globs(own.rule, own.exclude));
    let scope = Patterns { include: include.clone(), exclude: exclude.clone() };
    let in_scope = |id: &str| {
        let id = Patterns { include: vec![Pattern::literal(&fold(id))], exclude: Vec::new() };
        meeting(&id, &scope).is_some()
    };
    let renamed = renames().filter(|(renamed, _)| in_scope(&renamed.id)).map(|(_, new)| Pattern::literal(&fold(new)));
    let renamed = Patterns { include: renamed.collect(), exclude: Vec::new() };
    exclude.extend(renames().map(|(renamed, _)| Pattern::literal(&fold(&renamed.id))));
    let (before, after) = mapping.around(kind);
    let dressed = |pattern: &Pattern| pattern.behind(&fold(&before)).followed_by(&fold(&after));
    let around = |include: &[Pattern], exclude: &[Pattern]| Patterns {
        include: include.iter().map(dressed).collect(),
        exclude: exclude.iter().map(dressed).collect(),
    };
    let Some(prefix) = mapping.stripped().map(fold) else { return vec![renamed, around(&include, &exclude)] };
    let rests = |patterns: &[Pattern]| patterns.iter().flat_map(|pattern| pattern.rests(&prefix)).collect::<Vec<_>>();
    let stripped = around(&rests(&include), &rests(&exclude));
    exclude.push(Pattern::anything().behind(&prefix));
    vec![renamed, around(&include, &exclude), stripped]
}

/// The keys a job may write, for two stores that spell names differently: exact where the id ends the key.
fn keys(own: &JobNames<'_>, kind: Kind, prefix: &str) -> Vec<Patterns> {
    let separator = &*own.rule.separator;
    let head = own.rule.folded(&RemoteKey::new(own.rule.head(prefix)));
    let head = head.as_str();
    match (own.rule.mount, own.rule.teams) {
        (Mount::Fixed, Teams::Unsupported) => {
            let behind = |patterns: Vec<Pattern>| patterns.iter().map(|pattern| pattern.behind(head)).collect();
            let spelled = |ids: Patterns| Patterns { include: behind(ids.include), exclude: behind(ids.exclude) };
            images(own, kind).into_iter().map(spelled).collect()
        }
        (Mount::Fixed, Teams::Folder | Teams::Dashes) => roughly(Pattern::anything().behind(head)),
        (Mount::Fixed, Teams::Beside | Teams::Underscores) => roughly(Pattern::anything().behind(prefix)),
        (Mount::FirstSegment, _) => {
            roughly(Pattern::anything().behind(&format!("{separator}{head}")).behind_anything())
        }
    }
}

/// Globs over ids as the store tells them apart.
fn globs<'a>(rule: &Rule, texts: impl IntoIterator<Item = &'a String>) -> Vec<Pattern> {
    texts.into_iter().map(|text| Pattern::glob(&rule.fold(text))).collect()
}

fn roughly(pattern: Pattern) -> Vec<Patterns> {
    vec![Patterns { include: vec![pattern], exclude: Vec::new() }]
}
