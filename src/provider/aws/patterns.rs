//! Which ids Airflow looks up in AWS, as the tables of both stores say it.

use crate::naming::{LookupPattern, LookupPatterns};
use crate::settings::Faults;

/// Reads the lookup patterns of connections, variables and configs; one that cannot be understood is a fault, and none here.
pub(super) fn patterns(texts: [Option<&str>; 3], faults: &mut Faults) -> LookupPatterns {
    const KEYS: [&str; 3] = ["connections-lookup-pattern", "variables-lookup-pattern", "config-lookup-pattern"];
    let mut read = KEYS.into_iter().zip(texts).map(|(key, text)| match LookupPattern::parse(text?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            faults.add(key, error.to_string(), "write it without, or leave it out and exclude ids in the job");
            None
        }
    });
    let mut next = || read.next().flatten();
    LookupPatterns { connections: next(), variables: next(), configs: next() }
}
