//! All parameters below some paths, to the last page or not at all.

use std::collections::{BTreeMap, HashSet};

use super::client::{Client, Described};
use crate::model::ErrorKind;
use crate::provider::{Error, Result};

/// Lists them by name. Pages may be empty although more follow, and a parameter that changes meanwhile may come twice.
pub(super) async fn list(client: &Client, paths: &[String]) -> Result<Vec<Described>> {
    let mut found = BTreeMap::new();
    let mut asked: HashSet<String> = HashSet::new();
    let mut token: Option<String> = None;
    loop {
        let page = client.page(paths, token.as_deref()).await?;
        found.extend(page.parameters.into_iter().map(|described| (described.name.clone(), described)));
        let Some(next) = page.next else { return Ok(found.into_values().collect()) };
        if !asked.insert(next.clone()) {
            let context = "the listing came back to a page it had already given, so it would never end";
            let error = Error::new(ErrorKind::Unexpected, "list", client.store(), context);
            return Err(error.of_the_store().with_remedy("run again; if it stays so, ask whoever runs the endpoint"));
        }
        token = Some(next);
    }
}
