//! All parameters below some paths, to the last page or not at all.

use std::collections::BTreeMap;

use super::client::{Client, Described};
use crate::model::ErrorKind;
use crate::provider::pages::follow;
use crate::provider::{Error, Result};

/// Lists them by name. Pages may be empty although more follow, and a parameter that changes meanwhile may come twice.
pub(super) async fn list(client: &Client, paths: &[String]) -> Result<Vec<Described>> {
    let ask = |token: Option<String>| async move { client.page(paths, token.as_deref()).await };
    let pages = follow(ask, |page| page.next.clone(), || circular(client)).await?;
    let found = pages.into_iter().flat_map(|page| page.parameters);
    let found: BTreeMap<_, _> = found.map(|described| (described.name.clone(), described)).collect();
    Ok(found.into_values().collect())
}

fn circular(client: &Client) -> Error {
    let context = "the listing came back to a page it had already given, so it would never end";
    let error = Error::new(ErrorKind::Unexpected, "list", client.store(), context);
    error.of_the_store().with_remedy("run again; if it stays so, ask whoever runs the endpoint")
}
