//! One column of one stored row, as the database holds it, and what Airflow's model makes of it.

use std::fmt;

use zeroize::Zeroizing;

use crate::model::SecretValue;

/// A stored value before anybody knows whether it is what its column should hold. SQLite holds anything anywhere.
#[derive(Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text, perhaps not UTF-8. PostgreSQL hands out everything as text.
    Text(Zeroizing<Vec<u8>>),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Bytes.
    Bytes(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(redacted)")
    }
}

impl Cell {
    /// Text from bytes.
    pub fn text(bytes: &[u8]) -> Self {
        Self::Text(Zeroizing::new(bytes.to_vec()))
    }

    /// A word for the type and the bytes, by which two cells are told apart.
    pub fn digested<T>(&self, digest: impl FnOnce(&[u8], &[u8]) -> T) -> T {
        match self {
            Self::Null => digest(b"null", b""),
            Self::Text(bytes) => digest(b"text", bytes),
            Self::Integer(number) => digest(b"integer", &number.to_be_bytes()),
            Self::Real(number) => digest(b"real", &number.to_be_bytes()),
            Self::Bytes(bytes) => digest(b"bytes", bytes),
        }
    }

    /// The text of a text column; the error says what is there instead.
    pub fn as_text(&self) -> Result<Option<SecretValue>, &'static str> {
        match self {
            Self::Null => Ok(None),
            Self::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(SecretValue::from(text))),
                Err(_) => Err("is not UTF-8"),
            },
            Self::Integer(number) => Ok(Some(SecretValue::new(number.to_string()))),
            Self::Real(_) => Err("is a number with a fraction, not a text"),
            Self::Bytes(_) => Err("is bytes, not a text"),
        }
    }

    /// The truth of a flag; null is false.
    pub fn as_flag(&self) -> Result<bool, &'static str> {
        match self {
            Self::Null => Ok(false),
            Self::Integer(number) => Ok(*number != 0),
            Self::Text(text) if text.as_slice() == b"true" => Ok(true),
            Self::Text(text) if text.as_slice() == b"false" => Ok(false),
            _ => Err("is neither true nor false"),
        }
    }

    /// A whole number.
    pub fn as_integer(&self) -> Result<Option<i64>, &'static str> {
        let wrong = "is not a whole number";
        match self {
            Self::Null => Ok(None),
            Self::Integer(number) => Ok(Some(*number)),
            Self::Text(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|_| wrong)?;
                text.parse().map(Some).map_err(|_| wrong)
            }
            Self::Real(_) | Self::Bytes(_) => Err(wrong),
        }
    }

    /// Whether there is a value of any length but nought.
    pub fn is_filled(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(bytes) | Self::Bytes(bytes) => !bytes.is_empty(),
            Self::Integer(_) | Self::Real(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_text_columns_are_text_and_nonsense_is_said() {
        let text = |cell: Cell| cell.as_text().map(|text| text.map(|text| text.expose().to_owned()));
        assert_eq!(text(Cell::Null), Ok(None));
        assert_eq!(text(Cell::text("ü".as_bytes())), Ok(Some("ü".to_owned())));
        assert_eq!(text(Cell::Integer(-5)), Ok(Some("-5".to_owned())));
        assert!(text(Cell::text(b"\xff")).is_err() && text(Cell::Real(1.5)).is_err());
        assert!(text(Cell::Bytes(Zeroizing::new(b"a".to_vec()))).is_err());
    }

    #[test]
    fn flags_and_numbers_come_from_both_databases() {
        assert_eq!([Cell::Null, Cell::Integer(0), Cell::text(b"false")].map(|cell| cell.as_flag()), [Ok(false); 3]);
        assert_eq!([Cell::Integer(1), Cell::text(b"true")].map(|cell| cell.as_flag()), [Ok(true); 2]);
        assert!(Cell::text(b"yes").as_flag().is_err());
        assert_eq!(Cell::text(b"5432").as_integer(), Ok(Some(5432)));
        assert_eq!(Cell::Integer(i64::MAX).as_integer(), Ok(Some(i64::MAX)));
        assert!(Cell::text(b"http").as_integer().is_err() && Cell::Real(5432.0).as_integer().is_err());
    }
}
