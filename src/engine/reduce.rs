//! Reduces a value to a fingerprint and facts; the value is dropped here, but for the moment it is written.

use super::overrides::Overrides;
use crate::model::{
    Canonical, Dialect, Form, Judgement, Kind, Names, Oddity, Reader, Reason, Requirement, Secret, SecretName,
    SecretValue, SourceFault, State, has_double_braces, judge, judge_forms, oddities, source_oddities,
};
use crate::naming::{Remark, remarks};
use crate::provider::{Content, Quarantine, Record};

/// How a source's values become a target's: both dialects, the form, the readers and the target's limits.
#[derive(Debug, Clone)]
pub struct Carriage {
    /// How the source's backend reads.
    pub source: Dialect,
    /// How the target's backend reads.
    pub target: Dialect,
    /// The form of connections.
    pub form: FormChoice,
    /// What is set in secrets on their way.
    pub overrides: Overrides,
    /// A keyed digest of that; `None` where nothing is set.
    pub overridden: Option<String>,
    /// Who must read right what is written.
    pub readers: Vec<Reader>,
    /// The largest stored text, in bytes.
    pub max_value: Option<usize>,
    /// Whether the target takes an empty text.
    pub empty_values: bool,
    /// Whether the target takes a text with `{{…}}` in it.
    pub double_braces: bool,
}

/// A value on its way: what would be stored, what readers will see, what is not exact.
#[derive(Debug)]
pub struct Prepared {
    /// The text to store.
    pub stored: SecretValue,
    /// The canonical form of what readers will see.
    pub canonical: Canonical,
    /// The source's description, for stores with a place of their own for it.
    pub description: Option<SecretValue>,
    /// What is not exact, or odd, in words.
    pub notes: Vec<String>,
}

/// What became of a source value.
#[derive(Debug)]
pub enum Reduced {
    /// It can be written.
    Ready(Box<Prepared>),
    /// It must not be written.
    Blocked(Reason, String),
    /// It cannot be understood.
    Quarantined(Reason, String),
    /// Airflow itself would not find it.
    Absent,
}

impl Carriage {
    /// A digest of what decides how values are rendered; another means that the baseline says nothing of the form.
    pub fn shape(&self) -> String {
        let readers: Vec<_> = self.readers.iter().map(|reader| reader.as_str()).collect();
        let overridden = self.overridden.as_ref().map(|digest| format!("|{digest}")).unwrap_or_default();
        format!("1|{}|{:?}|{}{overridden}", self.form.as_str(), self.target, readers.join(","))
    }

    /// Reduces what the source answered for a key.
    ///
    /// What is there but shows no value is unreadable, never absent.
    pub fn prepare(&self, names: Names<'_>, record: Option<&Record>, masked: Masked) -> Reduced {
        let Some(record) = record else { return Reduced::Absent };
        match (record.listed.state, &record.content) {
            (State::Empty | State::Deleted | State::Destroyed, _) => Reduced::Absent,
            (State::Disabled, _) => unreadable("it is disabled in the source"),
            (State::Live | State::Managed(_), Content::Nothing) => unreadable("the source shows no value of it"),
            (State::Live | State::Managed(_), Content::Quarantined(why)) => quarantined(why),
            (State::Live | State::Managed(_), Content::Value(stored)) => self.prepare_value(names, stored, masked),
        }
    }

    fn prepare_value(&self, names: Names<'_>, stored: &SecretValue, masked: Masked) -> Reduced {
        let name = names.source;
        let odd_text = source_oddities(&self.source, name, stored);
        let (damage, odd_text): (Vec<_>, Vec<_>) = odd_text.into_iter().partition(is_damage);
        if name.kind == Kind::Connection && !damage.is_empty() {
            return Reduced::Blocked(Reason::SourceMalformed, words(&damage));
        }
        let mut secret = match self.source.normalise(name, stored, &self.readers) {
            Ok(Some(secret)) => secret,
            Ok(None) => return Reduced::Absent,
            Err(fault @ SourceFault::Disagree { .. }) => {
                return Reduced::Blocked(Reason::ReadersDisagree, fault.to_string());
            }
            Err(fault) => return Reduced::Quarantined(Reason::SourceUnreadable, fault.to_string()),
        };
        let set = match self.overrides.apply(name, &mut secret) {
            Ok(set) => set,
            Err(why) => return Reduced::Blocked(Reason::OverrideFails, why),
        };
        let set = (!set.is_empty()).then(|| format!("overridden: {}", set.join(", ")));
        let odd = oddities(&secret);
        let (poison, odd): (Vec<_>, Vec<_>) =
            odd.into_iter().partition(|oddity| matches!(oddity, Oddity::Poisoned { .. }));
        if !poison.is_empty() && masked == Masked::IsPoison {
            return Reduced::Blocked(Reason::Poisoned, words(&poison));
        }
        let odd = odd.iter().chain(&odd_text).chain(&damage).map(ToString::to_string);
        self.render(names.target, &secret, set.into_iter().chain(odd).collect())
    }

    /// Renders a meaning for the target, if every reader will see it there; `odd` joins the notes.
    fn render(&self, name: &SecretName, secret: &Secret, odd: Vec<String>) -> Reduced {
        let (judgement, unusual) = self.judged(name, secret);
        match judgement {
            Judgement::Blocked(differences) => {
                let unreadable = differences.iter().any(|difference| difference.field.is_none());
                let reason = if unreadable { Reason::Unreadable } else { Reason::Lossy };
                let texts: Vec<_> = differences.iter().map(ToString::to_string).collect();
                Reduced::Blocked(reason, texts.join("; "))
            }
            Judgement::Fits { stored, meaning, notes } => {
                if let Some((reason, detail)) = self.limits(&stored) {
                    return Reduced::Blocked(reason, detail);
                }
                let mut notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
                notes.extend(unusual);
                notes.extend(odd);
                notes.extend(remarks(name, &self.target.connection, &self.readers).into_iter().map(Remark::explained));
                let description = secret.description().cloned();
                Reduced::Ready(Box::new(Prepared { stored, canonical: Canonical::of(&meaning), description, notes }))
            }
        }
    }

    /// Judges the form that a secret is written in, and says which it is where that is not the usual one.
    fn judged(&self, name: &SecretName, secret: &Secret) -> (Judgement, Option<String>) {
        let judged = |form| judge(name, secret, &self.target, form, &self.readers);
        match (name.kind, self.form) {
            (Kind::Variable | Kind::Config, _) => (judged(Form::Text), None),
            (Kind::Connection, FormChoice::Only(form)) => (judged(form), None),
            (Kind::Connection, FormChoice::Auto) => {
                let usual = self.target.forms(Kind::Connection)[0];
                match judge_forms(name, secret, &self.target, &self.readers) {
                    None => (judged(usual), None),
                    Some((form, judgement)) => {
                        let needs = self.target.needs(form).map(|needs| format!(", which needs {needs}"));
                        let said =
                            format!("written as {form}{}: {usual} would not be exact", needs.unwrap_or_default());
                        (judgement, (form != usual).then_some(said))
                    }
                }
            }
        }
    }

    /// Reduces what the target holds for `name`.
    pub fn canonical_of_target(&self, name: &SecretName, stored: &SecretValue) -> Result<Canonical, String> {
        match self.target.normalise(name, stored, &self.readers) {
            Ok(Some(secret)) => Ok(Canonical::of(&secret)),
            Ok(None) => Err("Airflow would not find it".to_owned()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    fn limits(&self, stored: &SecretValue) -> Option<(Reason, String)> {
        if stored.is_empty() && !self.empty_values {
            return Some((Reason::EmptyValue, "the target takes no empty value".to_owned()));
        }
        if has_double_braces(stored.expose()) && !self.double_braces {
            let why = "the target takes {{…}} for a reference to another of its keys, and refuses it";
            return Some((Reason::DoubleBraces, why.to_owned()));
        }
        match self.max_value {
            Some(most) if stored.expose().len() > most => {
                Some((Reason::TooLarge, format!("the target takes at most {most} bytes")))
            }
            _ => None,
        }
    }
}

/// How the form of connections is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormChoice {
    /// It is always this one.
    Only(Form),
    /// Key by key, the first of the store's forms that is exact to every reader; else the first that fits.
    Auto,
}

impl FormChoice {
    /// What Airflow needs to read whatever may be written.
    pub fn needs(self, target: &Dialect) -> Vec<Requirement> {
        match self {
            Self::Only(form) => target.needs(form).into_iter().collect(),
            Self::Auto => target.forms(Kind::Connection).iter().filter_map(|form| target.needs(*form)).collect(),
        }
    }

    /// The word used in configs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Only(form) => form.as_str(),
            Self::Auto => "auto",
        }
    }
}

/// Whether `***` is taken for a mask or for a true value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Masked {
    /// It is a mask that somebody copied: poison.
    IsPoison,
    /// It is the value: `allow-masked` says so.
    IsValue,
}

/// Tells whether Airflow reads garbage, or nothing, because of it.
fn is_damage(oddity: &Oddity) -> bool {
    matches!(
        oddity,
        Oddity::QuotedText
            | Oddity::EmptyKeyObject
            | Oddity::ByteOrderMark { .. }
            | Oddity::NoConnection
            | Oddity::NoField
    )
}

fn unreadable(why: &str) -> Reduced {
    Reduced::Quarantined(Reason::SourceUnreadable, why.to_owned())
}

fn quarantined(why: &Quarantine) -> Reduced {
    let (reason, detail) = quarantine_words(why);
    Reduced::Quarantined(reason, detail)
}

pub(super) fn quarantine_words(why: &Quarantine) -> (Reason, String) {
    match why {
        Quarantine::Undecryptable(column) => (Reason::Undecryptable, format!("the column {column}")),
        Quarantine::Duplicate(rows) => (Reason::DuplicateName, format!("{rows} rows have this name")),
        Quarantine::Malformed(how) => (Reason::SourceUnreadable, how.clone()),
    }
}

fn words(odd: &[Oddity]) -> String {
    odd.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
