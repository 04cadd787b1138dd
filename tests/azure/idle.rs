//! Secrets of which none has changed: the pages of the listing are all that the vault is asked for, and all of them are.

use crate::carried::variables;
use crate::fakes::azure::Vault;

const MANY: usize = 2_000;

#[test]
fn a_run_with_nothing_to_do_asks_for_pages_alone() {
    let vault = Vault::start();
    let ferry = variables(&vault, MANY, "pace = { all = 1e6, create = 1e6 }");
    let first = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(first["counts"]["created"], MANY, "{:#}", first["counts"]);
    let written = vault.counts();
    assert_eq!(written["SetSecret"], MANY as u64, "{written:?}");
    let second = ferry.run(&["apply", "--yes"], 0);
    assert_eq!(second["counts"]["kept"], MANY, "{:#}", second["counts"]);
    let mut asked = vault.counts();
    // One process, one log-in.
    asked.retain(|call, _| !["Challenge", "Token"].contains(&call.as_str()));
    let pages = (MANY as u64).div_ceil(25);
    assert_eq!(asked, [("GetSecrets".to_owned(), pages), ("GetDeletedSecrets".to_owned(), 1)].into());
}

/// A page may hold less than was asked for, and even nothing, and still name the next one.
#[test]
fn an_empty_page_is_not_the_last() {
    let vault = Vault::start();
    let ferry = variables(&vault, 30, "pace = { all = 1e6, create = 1e6 }");
    ferry.run(&["apply", "--yes"], 0);
    vault.with(|azure| azure.secrets.is_sparse = true);
    assert_eq!(ferry.run(&["apply", "--yes"], 0)["counts"]["kept"], 30);
    assert_eq!(vault.with(|azure| azure.secrets.names().len()), 30);
}
