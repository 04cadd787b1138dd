//! Where a key lies: its mount, its path, and the path of the API that reaches it, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{ErrorKind, Kind, RemoteKey};
use crate::naming::{Mount, Rule};
use crate::provider::{Error, Result};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A part of the KV engine's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// KV v1, which has one part only.
    Plain,
    /// Values.
    Data,
    /// Versions, marks and names.
    Metadata,
    /// Soft deletes.
    Delete,
    /// Soft deletes taken back.
    Undelete,
}

/// How keys are spread over mounts and prefixes.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    store: String,
    mount: Option<String>,
    prefixes: Vec<String>,
}

/// A key's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot<'a> {
    /// The mount, without slashes around it.
    pub mount: &'a str,
    /// The path in it; empty for the mount itself.
    pub path: &'a str,
}

impl Area {
    const fn segment(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Data => Some("data"),
            Self::Metadata => Some("metadata"),
            Self::Delete => Some("delete"),
            Self::Undelete => Some("undelete"),
        }
    }
}

impl Layout {
    /// The layout of a store; `mount` is `None` where the first segment of a key is its mount.
    pub fn new(store: &str, mount: Option<String>, rule: &Rule) -> Self {
        debug_assert_eq!(mount.is_none(), rule.mount == Mount::FirstSegment);
        let mut prefixes: Vec<String> =
            Kind::ALL.iter().flat_map(|kind| rule.place(*kind).prefixes().iter().cloned()).collect();
        prefixes.sort();
        prefixes.dedup();
        Self { store: store.to_owned(), mount, prefixes }
    }

    /// The one mount; `None` where every key brings its own.
    pub fn mount(&self) -> Option<&str> {
        self.mount.as_deref()
    }

    /// Finds a key's place, or refuses a key that a URL would bend into another.
    pub fn locate<'a>(&'a self, key: &'a RemoteKey) -> Result<Spot<'a>> {
        let spot = match &self.mount {
            Some(mount) => Some(Spot { mount, path: key.as_str() }),
            None => key.as_str().split_once('/').map(|(mount, path)| Spot { mount, path }),
        };
        let Some(spot) = spot else { return Err(self.illegal(key, "it has no first segment to be its mount")) };
        if !is_legal_path(spot.mount) || !is_legal_path(spot.path) {
            return Err(self.illegal(key, "a segment is empty, `.` or `..`, or holds a control character"));
        }
        Ok(spot)
    }

    /// The key of a path in a mount, as [`Layout::locate`] takes it apart.
    pub fn key(&self, mount: &str, path: &str) -> RemoteKey {
        match self.mount {
            Some(_) => RemoteKey::new(path),
            None => RemoteKey::new(format!("{mount}/{path}")),
        }
    }

    /// The path of a policy that covers a key and its neighbours: the mount, the area, the prefix and `*`.
    pub fn pattern(&self, area: Area, spot: Spot<'_>) -> String {
        let covers = |prefix: &&String| {
            prefix.is_empty() || spot.path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        match self.prefixes.iter().filter(covers).max_by_key(|prefix| prefix.len()) {
            Some(prefix) => below(area, spot.mount, prefix, "*"),
            None => below(area, spot.mount, spot.path, ""),
        }
    }

    fn illegal(&self, key: &RemoteKey, why: &str) -> Error {
        Error::new(ErrorKind::Invalid, "address", &self.store, format!("the key cannot be asked for: {why}")).about(key)
    }
}

/// The path of a policy: `mount/area/folder/last`, without the parts that are empty.
pub(super) fn below(area: Area, mount: &str, folder: &str, last: &str) -> String {
    let parts = [mount, area.segment().unwrap_or_default(), folder, last];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// The path of a request, percent-encoded segment by segment.
pub(super) fn api(area: Area, spot: Spot<'_>) -> String {
    encoded(&below(area, spot.mount, spot.path, ""))
}

/// Percent-encodes one segment of a path, slashes included.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Percent-encodes every segment of a path.
pub(super) fn encoded(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Tells whether a path has only segments that a URL carries unbent.
pub(super) fn is_legal_path(path: &str) -> bool {
    path.split('/').all(is_legal_segment)
}

/// Tells whether a segment is neither empty nor `.` nor `..`, and free of control characters.
pub(super) fn is_legal_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::naming::{Charset, Folding, LookupPatterns, Place, Teams};

    fn rule(mount: Mount) -> Rule {
        Rule {
            connections: Place::prefix("air/connections"),
            variables: Place::Prefixes(vec!["air/variables".to_owned(), "air".to_owned()]),
            configs: Place::Off,
            separator: "/".into(),
            charset: Charset::Path,
            folding: Folding::None,
            max_length: None,
            teams: Teams::Unsupported,
            mount,
            patterns: LookupPatterns::default(),
        }
    }

    fn fixed() -> Layout {
        Layout::new("vault", Some("team/kv".to_owned()), &rule(Mount::Fixed))
    }

    #[test]
    fn a_path_is_encoded_segment_by_segment() {
        let rows = [
            ("air/connections/plain-1_x.y~z", "team/kv/data/air/connections/plain-1_x.y~z"),
            ("air/a b?c#d%2F+é", "team/kv/data/air/a%20b%3Fc%23d%252F%2B%C3%A9"),
            ("air/...", "team/kv/data/air/..."),
            ("air/%2e%2e", "team/kv/data/air/%252e%252e"),
        ];
        for (key, expected) in rows {
            let key = RemoteKey::new(key);
            assert_eq!(api(Area::Data, fixed().locate(&key).unwrap()), expected);
        }
    }

    #[test]
    fn keys_that_a_url_would_bend_are_refused() {
        for key in ["", "a//b", "/a", "a/", "a/../b", ".", "a/.", "..", "a\nb", "a/\u{7f}"] {
            let error = fixed().locate(&RemoteKey::new(key)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Invalid, "{key:?}");
        }
    }

    #[test]
    fn the_first_segment_is_the_mount_where_none_is_configured() {
        let layout = Layout::new("vault", None, &rule(Mount::FirstSegment));
        let key = RemoteKey::new("other/air/connections/c1");
        let spot = layout.locate(&key).unwrap();
        assert_eq!(spot, Spot { mount: "other", path: "air/connections/c1" });
        assert_eq!(layout.key(spot.mount, spot.path), key);
        assert!(layout.locate(&RemoteKey::new("c1")).is_err());
    }

    #[test]
    fn a_policy_covers_the_longest_prefix() {
        let rows = [
            ("air/connections/a/b", "team/kv/metadata/air/connections/*"),
            ("air/else", "team/kv/metadata/air/*"),
            ("elsewhere/x", "team/kv/metadata/elsewhere/x"),
        ];
        for (path, expected) in rows {
            assert_eq!(fixed().pattern(Area::Metadata, Spot { mount: "team/kv", path }), expected);
        }
    }
}
