//! The rights a job needs, and the HCL of the Vault policy that grants them.

use std::collections::BTreeSet;

use super::layout::{Area, below};
use super::rule::KvVersion;
use crate::model::Listing;
use crate::provider::Role;

/// A path of a policy and what must be allowed on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// The path as a policy spells it, `*` at its end.
    pub path: String,
    /// Capabilities, such as `read`.
    pub capabilities: &'static [&'static str],
    /// What goes without it.
    pub need: Need,
}

/// What goes without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    Job,
    /// Everything but ownership marks.
    Marks,
    /// Everything but deletes and `undo`.
    Deletes,
    /// Everything, but a value is read where its version would do.
    Versions,
}

impl Grant {
    /// The stanza of a policy.
    pub fn hcl(&self) -> String {
        hcl(&self.path, self.capabilities)
    }

    /// A path that the grant covers, to ask Vault about.
    pub fn sample(&self) -> String {
        self.path.replace('*', if self.capabilities == LIST { "" } else { "secretferry-check" })
    }
}

/// One stanza of a policy.
pub(super) fn hcl(path: &str, capabilities: &[&str]) -> String {
    format!("path {path:?} {{ capabilities = {capabilities:?} }}")
}

const READ: &[&str] = &["read"];
const LIST: &[&str] = &["list"];

/// Every grant that a job in `role` needs on `mount` for what lies below `prefixes`.
pub(super) fn grants(
    prefixes: &BTreeSet<&str>,
    mount: &str,
    version: KvVersion,
    role: Role,
    listing: Listing,
) -> Vec<Grant> {
    let rows: &[(Area, &'static [&'static str], Need)] = match (version, role) {
        (KvVersion::One, Role::Source) => &[(Area::Plain, READ, Need::Job), (Area::Plain, LIST, Need::Job)],
        (KvVersion::One, Role::Target) => &[
            (Area::Plain, &["create", "read", "update"], Need::Job),
            (Area::Plain, LIST, Need::Job),
            (Area::Plain, &["delete"], Need::Deletes),
        ],
        (KvVersion::Two, Role::Source) => {
            &[(Area::Data, READ, Need::Job), (Area::Metadata, READ, Need::Job), (Area::Metadata, LIST, Need::Job)]
        }
        (KvVersion::Two, Role::Target) => &[
            (Area::Data, &["create", "read", "update"], Need::Job),
            (Area::Metadata, READ, Need::Job),
            (Area::Metadata, LIST, Need::Job),
            (Area::Metadata, &["create", "update", "patch"], Need::Marks),
            (Area::Delete, &["update"], Need::Deletes),
            (Area::Undelete, &["update"], Need::Deletes),
        ],
    };
    let grant = |prefix: &str, (area, capabilities, need): &(Area, &'static [&'static str], Need)| Grant {
        path: below(*area, mount, prefix, "*"),
        capabilities,
        // A store that is not listed is read key by key: without its versions it goes, too.
        need: if listing == Listing::Exact && *area == Area::Metadata && *need == Need::Job {
            Need::Versions
        } else {
            *need
        },
    };
    let asked = |capabilities: &[&str]| listing == Listing::Full || capabilities != LIST;
    let rows: Vec<_> = rows.iter().filter(|(_, capabilities, _)| asked(capabilities)).collect();
    prefixes.iter().flat_map(|prefix| rows.iter().map(move |row| grant(prefix, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_spelled_as_a_policy_takes_it() {
        let grant = Grant { path: "kv/metadata/air/*".to_owned(), capabilities: &["list", "read"], need: Need::Job };
        assert_eq!(grant.hcl(), r#"path "kv/metadata/air/*" { capabilities = ["list", "read"] }"#);
        assert_eq!(grant.sample(), "kv/metadata/air/secretferry-check");
    }

    /// The manual's line for a path of a role.
    fn in_the_manual(role: Role, path: &str) -> &'static str {
        let hcl = include_str!("README.md").split("```hcl").nth(1).unwrap_or_default();
        let (source, target) = hcl.split_once("# a target").unwrap_or_default();
        let part = if role == Role::Source { source } else { target };
        part.lines().find(|line| line.contains(&format!("{path:?}"))).unwrap_or_default()
    }

    #[test]
    fn the_manual_grants_what_is_needed() {
        let prefixes = BTreeSet::from(["connections"]);
        for role in [Role::Source, Role::Target] {
            for grant in grants(&prefixes, "secret", KvVersion::Two, role, Listing::Full) {
                let line = in_the_manual(role, &grant.path);
                let all = grant.capabilities.iter().all(|capability| line.contains(&format!("{capability:?}")));
                assert!(all, "{role:?}: {} is not in {line:?}", grant.hcl());
            }
        }
        assert_eq!(in_the_manual(Role::Source, "secret/delete/connections/*"), "", "a source deletes nothing");
    }

    #[test]
    fn listing_is_asked_of_the_folder() {
        let grant = Grant { path: "kv/metadata/air/*".to_owned(), capabilities: LIST, need: Need::Job };
        assert_eq!(grant.sample(), "kv/metadata/air/");
    }
}
