//! The audit chain: every way to tamper with it is planted here, and found.

use secretferry::ledger::{Break, LedgerError};

use crate::words::{VAULT, begin, holder, write};
use crate::world::World;

/// A ledger with seven audit rows: a run that wrote three keys.
pub async fn seven_rows() -> World {
    let world = World::new().await;
    let ledger = world.open().await;
    let (lease, run) = begin(&ledger).await;
    for id in ["a", "b", "c"] {
        write(&ledger, &lease, &run, id).await;
    }
    let proof = ledger.audit_verify().await.unwrap();
    assert_eq!((proof.rows, proof.head.sequence, proof.broken), (7, 7, None));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tampering_is_found_at_its_first_row() {
    let columns = "INSERT INTO audit SELECT 8, happened_at, event, run, job, host, config_digest, step, action, reason,
        name, remote_key, store, target_identity, fingerprint_before, fingerprint_after, revision_before, revision_after,
        result, request, detail, digest FROM audit WHERE sequence = 7";
    let rows = [
        ("UPDATE audit SET result = 'kept' WHERE sequence = 3", Break::Changed(3)),
        ("UPDATE audit SET happened_at = happened_at + 1 WHERE sequence = 1", Break::Changed(1)),
        ("UPDATE audit SET happened_at = 9223372036854775807 WHERE sequence = 2", Break::Changed(2)),
        ("UPDATE audit SET step = NULL WHERE sequence = 4", Break::Changed(4)),
        ("UPDATE audit SET detail = '' WHERE sequence = 5", Break::Changed(5)),
        ("UPDATE audit SET revision_before = revision_after, revision_after = NULL WHERE sequence = 5", Break::Changed(5)),
        ("UPDATE audit SET digest = 'x' || substr(digest, 2) WHERE sequence = 6", Break::Changed(6)),
        ("DELETE FROM audit WHERE sequence = 4", Break::Missing(4)),
        ("DELETE FROM audit WHERE sequence = 1", Break::Missing(1)),
        ("DELETE FROM audit WHERE sequence = 7", Break::Missing(7)),
        ("DELETE FROM audit", Break::Missing(1)),
        (columns, Break::Added(8)),
        (
            "UPDATE audit SET sequence = -sequence WHERE sequence IN (2, 3);
             UPDATE audit SET sequence = 2 WHERE sequence = -3; UPDATE audit SET sequence = 3 WHERE sequence = -2",
            Break::Changed(2),
        ),
        ("UPDATE audit SET sequence = 0 WHERE sequence = 7", Break::Added(0)),
        (
            "DELETE FROM audit WHERE sequence = 4;
             UPDATE audit SET sequence = -sequence WHERE sequence > 4;
             UPDATE audit SET sequence = -sequence - 1 WHERE sequence < 0;
             UPDATE installation SET head_sequence = 6",
            Break::Changed(4),
        ),
        // The cut tail of somebody who knows where the end is written down, but not the key.
        (
            "DELETE FROM audit WHERE sequence > 5;
             UPDATE installation SET head_sequence = 5, head_digest = (SELECT digest FROM audit WHERE sequence = 5)",
            Break::Seal,
        ),
        ("UPDATE installation SET head_seal = 'x' || substr(head_seal, 2)", Break::Seal),
        (
            "UPDATE installation SET origin_sequence = 3, origin_digest = (SELECT digest FROM audit WHERE sequence = 3);
             DELETE FROM audit WHERE sequence < 4",
            Break::Seal,
        ),
    ];
    for (tampering, expected) in rows {
        let world = seven_rows().await;
        world.unlock().await;
        world.sql(tampering).await;
        let proof = world.open().await.audit_verify().await.unwrap();
        assert_eq!(proof.broken, Some(expected), "{tampering}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_end_is_not_sealed_again() {
    let world = seven_rows().await;
    world.unlock().await;
    world
        .sql(
            "DELETE FROM audit WHERE sequence > 5;
             UPDATE installation SET head_sequence = 5, head_digest = (SELECT digest FROM audit WHERE sequence = 5)",
        )
        .await;
    let ledger = world.open().await;
    assert_eq!(ledger.lease(VAULT, &holder()).await.unwrap_err(), LedgerError::SealBroken);
    assert_eq!(ledger.audit_verify().await.unwrap().broken, Some(Break::Seal));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_cut_behind_a_running_ledger_are_missed_after_the_next_ones() {
    let world = seven_rows().await;
    let ledger = world.open().await;
    world.unlock().await;
    world.sql("DELETE FROM audit WHERE sequence = 7").await;
    begin(&ledger).await;
    assert_eq!(ledger.audit_verify().await.unwrap().broken, Some(Break::Missing(7)));
}
