//! How a store spells a name, as plain data.

use std::borrow::Cow;

use super::lookup::LookupPatterns;
use crate::model::{Kind, RemoteKey};

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
    /// Names of Azure Key Vault: ASCII letters, digits and `-`.
    KeyVault,
    /// Ids of Google Secret Manager: ASCII letters, digits, `-` and `_`; a separator stands in front even of a bare id.
    SecretManager,
}

/// How letters are changed on the way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// Not at all.
    None,
    /// To upper case, as Python does it; read back in lower case, which most ids are in.
    Upper,
    /// Every `_` becomes the separator, and names that differ in case alone are one (Azure Key Vault). Letters are written
    /// as Airflow asks for them.
    KeyVault,
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

impl Rule {
    /// The place of a kind.
    pub fn place(&self, kind: Kind) -> &Place {
        match kind {
            Kind::Connection => &self.connections,
            Kind::Variable => &self.variables,
            Kind::Config => &self.configs,
        }
    }

    /// An id, or another part of a key, as the store has it.
    pub fn spell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.folding {
            Folding::None => Cow::Borrowed(text),
            Folding::Upper => Cow::Owned(text.to_uppercase()),
            Folding::KeyVault => Cow::Owned(text.replace('_', &self.separator)),
        }
    }

    /// The same as the store tells it from others: two texts of which this is equal are one there.
    pub fn fold<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.folding {
            Folding::None | Folding::Upper => self.spell(text),
            Folding::KeyVault => Cow::Owned(self.spell(text).to_lowercase()),
        }
    }

    /// A key as the store tells it from others.
    pub fn folded(&self, key: &RemoteKey) -> RemoteKey {
        match self.folding {
            Folding::None | Folding::Upper => key.clone(),
            Folding::KeyVault => RemoteKey::new(key.as_str().to_lowercase()),
        }
    }

    /// Whether a text can be what an id is spelled as.
    pub(super) fn is_spelled(&self, text: &str) -> bool {
        self.spell(text) == text
    }

    /// The id that a spelled one most probably was.
    pub(super) fn unspell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.folding {
            Folding::None | Folding::KeyVault => Cow::Borrowed(text),
            Folding::Upper => Cow::Owned(text.to_lowercase()),
        }
    }

    /// What follows a prefix in a key that begins with it.
    pub(super) fn behind<'a>(&self, prefix: &str, path: &'a str) -> Option<&'a str> {
        let (start, rest) = path.split_at_checked(prefix.len())?;
        let is_it = match self.folding {
            Folding::None | Folding::Upper => start == prefix,
            Folding::KeyVault => start.eq_ignore_ascii_case(prefix),
        };
        is_it.then_some(rest)
    }

    /// Whether keys do not tell all of a name, so that a mark on the key knows better.
    pub fn is_ambiguous(&self) -> bool {
        self.folding != Folding::None
    }

    /// Whether kinds may lie under one prefix: then marks tell them apart, or whoever names them.
    pub fn kinds_may_share(&self) -> bool {
        self.charset == Charset::KeyVault
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
    /// Its backend for Google puts the separator there.
    pub(super) fn root(&self) -> &str {
        match self.charset {
            Charset::AwsParameter => "/",
            Charset::SecretManager => &self.separator,
            _ => "",
        }
    }
}
