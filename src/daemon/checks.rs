//! Looks at every store now and then: reachable, allowed, and how long its token lives.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::future::join_all;
use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::board::StoreView;
use super::setup::Setup;
use super::shelf::Shelf;
use super::teller::Teller;
use crate::ledger::Ledger;
use crate::model::{Finding, Kind, Severity, TokenLife};
use crate::provider::Role;

/// How soon the first look is taken again while there is no ledger to open stores with.
const SOON: std::time::Duration = std::time::Duration::from_secs(1);

/// Checks stores until the end.
pub async fn check_all(setup: Arc<ArcSwap<Setup>>, shelf: Shelf, teller: Arc<Teller>, end: CancellationToken) {
    loop {
        let now = setup.load_full();
        let pause = match shelf.ledger() {
            None => SOON,
            Some(ledger) => {
                let looks = now.roles().into_iter().map(|(store, roles)| check(&now, &ledger, store, roles));
                let seen = join_all(looks).await;
                teller.board.change(|view| {
                    let known = |name: &String| view.stores.get(name).map(|store| store.token).unwrap_or_default();
                    let kept = seen.into_iter().map(|(name, store)| {
                        let token = known(&name);
                        (name, StoreView { token, ..store })
                    });
                    view.stores = kept.collect();
                });
                teller.tokens(&now, now.roles().keys().map(String::as_str));
                now.config().daemon.check_every
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = end.cancelled() => return,
        }
    }
}

async fn check(setup: &Setup, ledger: &Ledger, name: String, roles: Vec<Role>) -> (String, StoreView) {
    let mut seen = StoreView {
        kind: setup.opener.settings(&name).kind().to_owned(),
        location: String::new(),
        roles: roles.clone(),
        checked_at: Some(Timestamp::now()),
        findings: Vec::new(),
        token: TokenLife::default(),
    };
    for role in roles {
        match setup.store(&name, role, ledger).await {
            Ok(store) => {
                seen.location.clone_from(&store.info().location);
                let found = store.check(role, &kinds(setup, &name)).await;
                seen.findings
                    .extend(found.into_iter().filter(|finding| !seen.findings.contains(finding)).collect::<Vec<_>>());
            }
            Err(error) => {
                let finding = Finding::new(Severity::Error, "not-opened", &name, error.to_string());
                seen.findings.push(Finding { remedy: error.remedy, ..finding });
            }
        }
    }
    (name, seen)
}

/// The kinds that jobs carry there.
fn kinds(setup: &Setup, store: &str) -> Vec<Kind> {
    let jobs = setup.legs.iter().filter(|leg| leg.target == store || setup.job(leg).source == store);
    let mut kinds: Vec<_> = jobs.flat_map(|leg| setup.job(leg).kinds.clone()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
