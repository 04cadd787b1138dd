//! One stored row: its name, its digest, and what it holds once decrypted.

use serde::Serialize;

use super::cell::Cell;
use super::fernet::{Keyring, Opened};
use super::layout::Selection;
use super::rule::RowName;
use crate::model::{Kind, RemoteKey, SecretValue, Subkey};
use crate::provider::{Content, Quarantine};

/// A row as it is stored.
pub struct Row {
    kind: Kind,
    id: Cell,
    team: Cell,
    columns: Vec<(&'static str, Cell)>,
}

/// Why a row has no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nameless {
    /// Its name is null, empty or no text.
    Id,
    /// The name of its team is.
    Team,
}

/// One encrypted column.
pub struct Token<'a> {
    /// Its name.
    pub column: &'static str,
    text: &'a Cell,
}

impl Token<'_> {
    /// The place of the key that opens it; `None` where none does.
    pub fn opened_by(&self, keys: &Keyring) -> Option<usize> {
        self.open(keys).map(|opened| opened.key)
    }

    fn open(&self, keys: &Keyring) -> Option<Opened> {
        match self.text {
            Cell::Text(text) => keys.open(text),
            _ => None,
        }
    }
}

/// Which columns Fernet may have been over, their flags, and whether an empty text is left alone.
const TOKENS: [(&str, &str, Empty); 3] = [
    ("password", "is_encrypted", Empty::Plain),
    ("extra", "is_extra_encrypted", Empty::Plain),
    ("val", "is_encrypted", Empty::Token),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Plain,
    Token,
}

impl Row {
    /// Takes the cells in the order [`Flavour::select`](super::sql::Flavour::select) asks for them.
    pub fn new(selection: &Selection, cells: Vec<Cell>) -> Self {
        let mut cells = cells.into_iter();
        let mut next = || cells.next().unwrap_or(Cell::Null);
        let (id, team) = (next(), next());
        let columns = selection.columns.iter().map(|name| (*name, next())).collect();
        Self { kind: selection.kind, id, team, columns }
    }

    /// The key of the row.
    pub fn key(&self) -> Result<RemoteKey, Nameless> {
        let id = name_of(&self.id).filter(|id| !id.is_empty()).ok_or(Nameless::Id)?;
        let team = match self.team {
            Cell::Null => None,
            _ => Some(name_of(&self.team).ok_or(Nameless::Team)?),
        };
        RowName { kind: self.kind, team, id }.key().ok_or(Nameless::Team)
    }

    /// Whether a team alone may see it.
    pub fn is_of_team(&self) -> bool {
        self.team != Cell::Null
    }

    /// Whether it is a variable without a value, which to Airflow is no variable.
    pub fn is_void(&self) -> bool {
        self.kind == Kind::Variable && *self.cell("val") == Cell::Null
    }

    /// The keyed digest of everything that is stored in it, ciphertexts included.
    pub fn digest(&self, key: &Subkey) -> [u8; 32] {
        let own = [("id", &self.id), ("team", &self.team)];
        let columns = self.columns.iter().map(|(name, cell)| (*name, cell));
        let cells: Vec<[u8; 32]> = own
            .into_iter()
            .chain(columns)
            .map(|(name, cell)| cell.digested(|kind, bytes| key.digest(&[b"cell", name.as_bytes(), kind, bytes])))
            .collect();
        let mut parts: Vec<&[u8]> = vec![b"row", self.kind.singular().as_bytes()];
        parts.extend(cells.iter().map(<[u8; 32]>::as_slice));
        key.digest(&parts)
    }

    /// The columns that are encrypted, by their own flags; an unreadable flag is the error.
    pub fn tokens(&self) -> Result<Vec<Token<'_>>, Quarantine> {
        let mut tokens = Vec::new();
        for (column, flag, empty) in TOKENS {
            let text = self.cell(column);
            if self.flag(flag)? && *text != Cell::Null && (text.is_filled() || empty == Empty::Token) {
                tokens.push(Token { column, text });
            }
        }
        Ok(tokens)
    }

    /// What the row holds, decrypted.
    pub fn content(&self, keys: &Keyring) -> Content {
        let value = match self.kind {
            Kind::Variable => self.plain("val", keys).map(|value| value.map_or(Content::Nothing, Content::Value)),
            Kind::Connection | Kind::Config => self.connection(keys).map(Content::Value),
        };
        value.unwrap_or_else(Content::Quarantined)
    }

    fn connection(&self, keys: &Keyring) -> Result<SecretValue, Quarantine> {
        let port = self.cell("port").as_integer().map_err(|problem| malformed("port", problem))?;
        let texts = ["conn_type", "description", "host", "login", "password", "schema", "extra"];
        let mut values = Vec::with_capacity(texts.len());
        for column in texts {
            values.push(self.plain(column, keys)?);
        }
        let text = |place: usize| values[place].as_ref().map(SecretValue::expose);
        Ok(json(&Fields {
            conn_type: text(0),
            description: text(1),
            host: text(2),
            login: text(3),
            password: text(4),
            schema: text(5),
            port,
            extra: text(6),
        }))
    }

    /// The text of a column, decrypted if its flag says so.
    fn plain(&self, column: &'static str, keys: &Keyring) -> Result<Option<SecretValue>, Quarantine> {
        let Some(token) = self.tokens()?.into_iter().find(|token| token.column == column) else {
            return self.cell(column).as_text().map_err(|problem| malformed(column, problem));
        };
        let undecryptable = || Quarantine::Undecryptable(column.to_owned());
        let opened = token.open(keys).ok_or_else(undecryptable)?;
        let plain = std::str::from_utf8(&opened.plain);
        plain.map(|plain| Some(SecretValue::from(plain))).map_err(|_| malformed(column, "is not UTF-8 once decrypted"))
    }

    fn flag(&self, column: &'static str) -> Result<bool, Quarantine> {
        self.cell(column).as_flag().map_err(|problem| malformed(column, problem))
    }

    fn cell(&self, column: &str) -> &Cell {
        self.columns.iter().find(|(name, _)| *name == column).map_or(&Cell::Null, |(_, cell)| cell)
    }
}

fn name_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn malformed(column: &str, problem: &str) -> Quarantine {
    Quarantine::Malformed(format!("{column} {problem}"))
}

/// A connection as the columns hold it; those that are null are left out.
#[derive(Serialize)]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a str>,
}

/// Renders into one buffer that is large enough from the start: one that grows leaves copies behind.
fn json(fields: &Fields<'_>) -> SecretValue {
    let texts =
        [fields.conn_type, fields.description, fields.host, fields.login, fields.password, fields.schema, fields.extra];
    let length: usize = texts.into_iter().flatten().map(|text| text.len() * LONGEST_ESCAPE).sum();
    let mut buffer = Vec::with_capacity(length + LONGEST_FRAME);
    serde_json::to_writer(&mut buffer, fields).expect("texts and a number can always be written");
    SecretValue::new(String::from_utf8(buffer).expect("JSON is UTF-8"))
}

/// A control character is six bytes in JSON.
const LONGEST_ESCAPE: usize = 6;
/// The names, quotes, braces and the number.
const LONGEST_FRAME: usize = 160;

#[cfg(test)]
mod tests;
