//! How a store spells a name, as plain data.

use std::borrow::Cow;

use super::lookup::LookupPatterns;
use crate::model::Kind;

/// How a store spells names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where connections lie.
    pub connections: Place,
    /// Where variables lie.
    pub variables: Place,
    /// Where configs lie.
    pub configs: Place,
    /// What stands between a prefix and an id; may be empty where the store lets it be chosen.
    pub separator: Cow<'static, str>,
    /// Which texts may stand for a whole key.
    pub charset: Charset,
    /// How letters are changed on the way.
    pub folding: Folding,
    /// The longest key in bytes; `None` where no limit is known.
    pub max_length: Option<usize>,
    /// How a team's key is spelled.
    pub teams: Teams,
    /// Where the mount of a key stands.
    pub mount: Mount,
    /// Which ids Airflow looks up in this store at all.
    pub patterns: LookupPatterns,
}

/// Where the keys of one kind lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The kind is switched off here (`null`).
    Off,
    /// Under these prefixes, never empty: written to the first, read from all in order; `""` is a bare id.
    Prefixes(Vec<String>),
}

impl Place {
    /// A place with one prefix.
    pub fn prefix(text: impl Into<String>) -> Self {
        Self::Prefixes(vec![text.into()])
    }

    /// The prefixes; none where the kind is off.
    pub fn prefixes(&self) -> &[String] {
        match self {
            Self::Off => &[],
            Self::Prefixes(prefixes) => prefixes,
        }
    }
}

/// Which texts may stand for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Any text but the empty one.
    Any,
    /// A path of a URL: no empty, `.` or `..` segment, no control characters.
    Path,
    /// Ids that can stand before the `=` of a line: no `=`, no line end, no `#` in front.
    Line,
    /// Names of variables in a `.env` file: no `=`, no `#` in front, no blanks or control characters.
    Word,
    /// Names of variables as Docker Compose takes them: letters, digits, `_`, `.`, `-`, `[` and `]`.
    Dotenv,
    /// Names of AWS Secrets Manager: ASCII letters, digits and `/_+=.@-`.
    AwsSecret,
    /// Names of AWS Parameter Store: ASCII letters, digits, `_`, `.` and `-` in up to 15 levels between `/`, of which the
    /// first does not begin with `aws` or `ssm`.
    AwsParameter,
}

/// How letters are changed on the way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Not at all.
    None,
    /// To upper case, as Python does it; read back in lower case, which most ids are in.
    Upper,
}

/// How a team's key is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teams {
    /// The store cannot hold keys of teams.
    Unsupported,
    /// The team is part of the row, not of the key (the metastore).
    Beside,
    /// The team stands between underscores, `<prefix>__<team>___<id>` (the environment); a `___` in an id of nobody's is
    /// refused, as Airflow does.
    Underscores,
    /// The team is a folder of its own, `<prefix>/<team>/<id>`; a `/` in an id of nobody's is refused, as Airflow does.
    Folder,
    /// The team stands before the id, `<prefix>/<team>--<id>` (AWS); a `--` in an id of nobody's is refused, as Airflow does.
    Dashes,
}

/// Where the mount of a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// It is configured, or there is none.
    Fixed,
    /// It is the first segment of the id and stands before the prefix (Vault's `mount_point` null).
    FirstSegment,
}

impl Folding {
    /// The text as the store has it.
    pub fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(text),
            Self::Upper => Cow::Owned(text.to_uppercase()),
        }
    }

    /// The text that a folded one most probably was.
    pub fn unfold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(text),
            Self::Upper => Cow::Owned(text.to_lowercase()),
        }
    }
}

impl Rule {
    /// The place of a kind.
    pub fn place(&self, kind: Kind) -> &Place {
        match kind {
            Kind::Connection => &self.connections,
            Kind::Variable => &self.variables,
            Kind::Config => &self.configs,
        }
    }

    /// Where each kind is written, for a store's identity: a place of keys is another one where this is.
    pub fn written(&self) -> String {
        let places = [&self.connections, &self.variables, &self.configs];
        let first = |place: &Place| place.prefixes().first().map_or("-".to_owned(), |prefix| format!("{prefix:?}"));
        places.map(first).join(" ")
    }

    /// What stands before the id under a prefix; an empty prefix has no separator behind it.
    pub fn head(&self, prefix: &str) -> String {
        if prefix.is_empty() { self.root().to_owned() } else { format!("{prefix}{}", self.separator) }
    }

    /// What stands before a bare id: Airflow puts a slash in front of every parameter's name.
    pub(super) const fn root(&self) -> &'static str {
        match self.charset {
            Charset::AwsParameter => "/",
            _ => "",
        }
    }
}
