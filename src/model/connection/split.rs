//! `urllib.parse.urlsplit` and the parts of an authority, as Python 3.11 finds them.

use unicode_normalization::UnicodeNormalization;

use crate::model::ReadError;
use crate::model::python::{Text, lower, map_chunks, partition, rpartition};

use super::address::is_bracketed_host;

/// What `urlsplit` finds; the fragment is of no interest to Airflow.
pub(super) struct Split {
    pub(super) scheme: Text,
    pub(super) authority: Text,
    pub(super) path: Text,
    pub(super) query: Text,
}

/// `urlsplit(url)`.
pub(super) fn urlsplit(url: &[u8]) -> Result<Split, ReadError> {
    let cleaned = clean(url);
    let (scheme, rest) = split_scheme(cleaned.as_bytes());
    let (authority, rest) = split_authority(rest);
    check_brackets(authority)?;
    let (rest, _) = partition(rest, b'#');
    let (path, query) = partition(rest, b'?');
    check_folding(authority)?;
    Ok(Split {
        scheme: lower(scheme),
        authority: Text::from_slice(authority),
        path: Text::from_slice(path),
        query: Text::from_slice(query.unwrap_or_default()),
    })
}

/// Tells whether a text looks like a URI of a connection: after a scheme, or none, comes `//`, or nothing but parameters.
///
/// Airflow reads any text as a URI, `google_cloud_platform://` and a mere password too, with garbage in the schema.
pub(in crate::model) fn is_uri(text: &[u8]) -> bool {
    let cleaned = clean(text);
    match split_scheme(cleaned.as_bytes()) {
        (b"", rest) => rest.starts_with(b"//"),
        (_, rest) => rest.is_empty() || rest.starts_with(b"//") || rest.starts_with(b"?"),
    }
}

/// Drops control characters and blanks in front, and tabs and line ends everywhere.
fn clean(url: &[u8]) -> Text {
    let start = url.iter().position(|byte| *byte > 0x20).unwrap_or(url.len());
    let mut cleaned = Text::with_capacity(url.len());
    for piece in url[start..].split(|byte| matches!(byte, b'\t' | b'\r' | b'\n')) {
        cleaned.push_slice(piece);
    }
    cleaned
}

fn split_scheme(url: &[u8]) -> (&[u8], &[u8]) {
    if let (scheme, Some(rest)) = partition(url, b':')
        && scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    {
        return (scheme, rest);
    }
    (&[], url)
}

fn split_authority(url: &[u8]) -> (&[u8], &[u8]) {
    match url.strip_prefix(b"//") {
        Some(rest) => {
            let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => (&[], url),
    }
}

fn check_brackets(authority: &[u8]) -> Result<(), ReadError> {
    let fits = match (authority.contains(&b'['), authority.contains(&b']')) {
        (false, false) => true,
        (true, true) => {
            let (_, after) = partition(authority, b'[');
            is_bracketed_host(partition(after.unwrap_or_default(), b']').0)
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(ReadError::Brackets) }
}

/// Refuses characters such as ℀, which NFKC folds to `a/c`.
fn check_folding(authority: &[u8]) -> Result<(), ReadError> {
    if authority.is_ascii() {
        return Ok(());
    }
    let mut plain = Text::with_capacity(authority.len());
    for piece in authority.split(|byte| b"@:#?".contains(byte)) {
        plain.push_slice(piece);
    }
    let folded = map_chunks(plain.as_bytes(), |text| text.nfkc().collect());
    let has_delimiter = folded.as_bytes().iter().any(|byte| b"/?#@:".contains(byte));
    if folded != plain && has_delimiter { Err(ReadError::FoldedDelimiter) } else { Ok(()) }
}

/// The parts of an authority, still percent-encoded.
pub(super) struct Authority<'a> {
    pub(super) login: Option<&'a [u8]>,
    pub(super) password: Option<&'a [u8]>,
    /// In lower case up to its first `%`.
    pub(super) host: Text,
    pub(super) port: Option<u16>,
}

/// `username`, `password`, `hostname` and `port` of what `urlsplit` found.
pub(super) fn split_login_and_host(authority: &[u8]) -> Result<Authority<'_>, ReadError> {
    let (user, address) = rpartition(authority, b'@');
    let (login, password) = match user {
        Some(user) => {
            let (login, password) = partition(user, b':');
            (Some(login), password)
        }
        None => (None, None),
    };
    let (host, port) = match partition(address, b'[') {
        (_, Some(bracketed)) => {
            let (host, after) = partition(bracketed, b']');
            (host, partition(after.unwrap_or_default(), b':').1)
        }
        (_, None) => partition(address, b':'),
    };
    Ok(Authority {
        login,
        password,
        host: lower_to_percent(host),
        port: port.filter(|port| !port.is_empty()).map(parse_port).transpose()?,
    })
}

/// Python spares the zone of a scoped IPv6 address (`fe80::1%Eth0`), and with it all that follows an encoded character.
fn lower_to_percent(host: &[u8]) -> Text {
    let end = host.iter().position(|byte| *byte == b'%').unwrap_or(host.len());
    let mut lowered = lower(&host[..end]);
    lowered.push_slice(&host[end..]);
    lowered
}

fn parse_port(port: &[u8]) -> Result<u16, ReadError> {
    let significant = port.iter().position(|byte| *byte != b'0').unwrap_or(port.len());
    let digits = &port[significant..];
    if !port.iter().all(u8::is_ascii_digit) || digits.len() > 5 {
        return Err(ReadError::PortRange);
    }
    let number = digits.iter().fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    u16::try_from(number).map_err(|_| ReadError::PortRange)
}
