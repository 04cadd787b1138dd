//! `verify`: what it finds equal, what it finds wrong, and that it changes nothing.

use secretferry::engine::{VerifyReport, verify};
use secretferry::model::{Blind, ErrorKind, Family, State};
use secretferry::provider::memory::When;

use crate::shapes;
use crate::world::{World, calls};

impl World {
    async fn verify(&self) -> VerifyReport {
        let before = calls(&self.target)[3..].to_vec();
        let report = verify(&self.job, &self.stores, Some(&self.ledger), &Blind).await.unwrap();
        assert_eq!(calls(&self.target)[3..], before, "verify writes nothing");
        report
    }
}

/// What is wrong with each key, or cannot be carried.
fn found(report: &VerifyReport) -> Vec<String> {
    let wrong = report.mismatches.iter().map(|key| format!("{}: {} {:?}", key.name, key.reason, key.fields));
    wrong.chain(report.refused.iter().map(|key| format!("{}: refused, {}", key.name, key.reason))).collect()
}

#[tokio::test]
async fn what_was_written_is_proved_and_what_was_changed_is_found() {
    for (name, shape) in shapes::targets() {
        let world = World::between(shapes::metastore(), shape).await;
        world.fill(6);
        world.source.put("connections/db", "postgres://user:pass@host/db");
        world.source.put("variables/poison", "***");
        assert_eq!(found(&world.verify().await).len(), 8, "{name}: the control: nothing is there yet");
        world.run().await;
        let report = world.verify().await;
        assert_eq!((report.equal.len(), report.checked()), (7, 8), "{name}");
        assert_eq!(found(&report), ["variable poison: refused, poisoned"], "{name}");

        world.target.put("variables/v000", &world.stored("theirs"));
        world.target.remove("variables/v001");
        world.target.set_state("variables/v002", State::Disabled);
        world.target.deny("variables/v003");
        world.source.deny("variables/v004");
        world.source.put("connections/db", "postgres://user:other@host/db");
        assert_eq!(
            found(&world.verify().await),
            [
                "connection db: differs [\"password\"]",
                "variable v000: differs [\"value\"]",
                "variable v001: new []",
                "variable v002: drift-deleted []",
                "variable v003: target-failed []",
                "variable poison: refused, poisoned",
                "variable v004: refused, source-denied",
            ],
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_source_key_that_fails_by_itself_is_refused_and_a_store_that_is_away_ends_it() {
    for (kind, ends) in [(ErrorKind::Unexpected, false), (ErrorKind::Unavailable, true), (ErrorKind::RateLimited, true)]
    {
        let world = World::between(shapes::metastore(), shapes::aws()).await;
        world.fill(2);
        world.run().await;
        world.source.fail(Family::Read, 1, When::Before, kind);
        let report = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await;
        assert_eq!(report.is_err(), ends, "{kind}, of the source");
        assert!(report.map_or(true, |report| report.refused.len() == 2), "{kind}");
        world.target.fail(Family::Read, 1, When::Before, kind);
        let report = verify(&world.job, &world.stores, Some(&world.ledger), &Blind).await;
        assert_eq!(report.is_err(), ends, "{kind}, of the target");
    }
}
