//! A run that finds nothing changed writes nothing, and reads no value where the store can prove "unchanged" without it.

use secretferry::engine::RunStatus;
use secretferry::model::{Family, Outcome, Revisions};
use secretferry::provider::Provider as _;
use secretferry::provider::memory::MemoryShape;

use crate::shapes;
use crate::world::{Calls, World, count, lines};

fn unversioned() -> MemoryShape {
    let mut shape = MemoryShape::default();
    shape.capabilities.revisions = Revisions::None;
    shape
}

/// What it is about, the two shapes, and the calls of each store in the first and the second run.
type Row = (&'static str, MemoryShape, MemoryShape, [Calls; 2], [Calls; 2]);

#[tokio::test]
async fn the_second_run_asks_only_what_proves_that_nothing_changed() {
    // list, stat, read, write, delete; of the first run and of the second, on 25 keys.
    let rows: [Row; 6] = [
        (
            "listings prove all",
            shapes::metastore(),
            shapes::aws(),
            [[1, 0, 2, 0, 0], [1, 0, 0, 0, 0]],
            [[1, 2, 0, 25, 0], [1, 0, 0, 0, 0]],
        ),
        (
            "a look a key",
            shapes::metastore(),
            shapes::vault(),
            [[1, 0, 2, 0, 0], [1, 0, 0, 0, 0]],
            [[1, 0, 0, 25, 0], [1, 25, 0, 0, 0]],
        ),
        (
            "values alone",
            shapes::metastore(),
            shapes::files(),
            [[1, 0, 2, 0, 0], [1, 0, 1, 0, 0]],
            [[1, 0, 0, 25, 0], [1, 0, 1, 0, 0]],
        ),
        (
            "values, one at a time",
            shapes::metastore(),
            shapes::versionless(),
            [[1, 0, 2, 0, 0], [1, 0, 1, 0, 0]],
            [[1, 25, 0, 25, 0], [1, 0, 25, 0, 0]],
        ),
        (
            "from a look a key",
            shapes::vault_source(),
            shapes::aws(),
            [[1, 0, 50, 0, 0], [1, 25, 0, 0, 0]],
            [[1, 2, 0, 25, 0], [1, 0, 0, 0, 0]],
        ),
        (
            "from values alone",
            unversioned(),
            shapes::aws(),
            [[1, 0, 6, 0, 0], [1, 0, 3, 0, 0]],
            [[1, 2, 0, 25, 0], [1, 0, 0, 0, 0]],
        ),
    ];
    for (name, from, to, source_calls, target_calls) in rows {
        let world = World::between(from, to).await;
        world.fill(25);
        for round in [0, 1] {
            let (report, source, target) = world.counted().await;
            assert_eq!((source, target), (source_calls[round], target_calls[round]), "{name}, run {round}");
            assert_eq!(report.status, RunStatus::Succeeded, "{name}: {:?}", lines(&report));
            let ended = if round == 0 { Outcome::Created } else { Outcome::Kept };
            assert_eq!(count(&report, ended), 25, "{name}, run {round}");
        }
        let last = world.ledger.runs(1).await.unwrap().remove(0);
        assert!(world.ledger.steps(&last.id).await.unwrap().is_empty(), "{name}: a keep is a count, not a row");
        world.prove_ledger().await;
    }
}

#[tokio::test]
async fn one_changed_of_a_hundred_is_read_twice_and_written_once() {
    let rows = [("aws", shapes::aws(), [1, 1, 0, 1, 0]), ("vault", shapes::vault(), [1, 100, 1, 1, 0])];
    for (name, to, expected) in rows {
        let world = World::between(shapes::metastore(), to).await;
        world.fill(100);
        world.run().await;
        world.source.put("variables/v042", "changed");
        let before = world.source.asked(Family::Read).len();
        let (report, source, target) = world.counted().await;
        // Once to plan, once to write.
        assert_eq!((source, target), ([1, 0, 2, 0, 0], expected), "{name}");
        let asked = world.source.asked(Family::Read);
        assert!(asked[before..].iter().all(|key| key.as_str() == "variables/v042"), "{name}: {:?}", &asked[before..]);
        assert_eq!((count(&report, Outcome::Updated), count(&report, Outcome::Kept)), (1, 99), "{name}");
    }
}

#[tokio::test]
async fn a_source_encrypted_anew_is_read_once_and_never_written() {
    for (name, to) in shapes::targets() {
        let world = World::between(shapes::metastore(), to).await;
        world.source.put("connections/db", "postgres://user:pass@host/db");
        world.source.put("variables/v", "text");
        world.run().await;
        world.source.put("connections/db", "postgres://user:pass@host/db");
        world.source.put("variables/v", "text");
        let (report, _, target) = world.counted().await;
        assert_eq!(lines(&report), ["connection db: kept, re-encrypted", "variable v: kept, re-encrypted"], "{name}");
        assert_eq!(target[3..], [0, 0], "{name}");
        let (report, source, _) = world.counted().await;
        assert_eq!(lines(&report), ["connection db: kept, unchanged", "variable v: kept, unchanged"], "{name}");
        let values = world.target.capabilities().revisions == Revisions::None;
        assert_eq!(source, [1, 0, usize::from(values), 0, 0], "{name}");
    }
}

#[tokio::test]
async fn another_spelling_of_the_same_meaning_is_no_change() {
    let world = World::between(shapes::metastore(), shapes::aws()).await;
    world.source.put("connections/db", "postgres://user:p%40ss@host:5432/db?sslmode=require");
    world.run().await;
    let json = r#"{"extra": {"sslmode": "require"}, "port": 5432, "schema": "db", "host": "host", "password": "p@ss",
                   "login": "user", "conn_type": "postgres"}"#;
    world.target.put("connections/db", json);
    let (report, _, target) = world.counted().await;
    assert_eq!((lines(&report), target), (vec!["connection db: kept, unchanged".to_owned()], [1, 1, 1, 0, 0]));
    let (_, _, target) = world.counted().await;
    assert_eq!(target, [1, 0, 0, 0, 0], "the new version is remembered");
    // The control: another password is no other spelling.
    world.target.put("connections/db", &json.replace("p@ss", "p@ss2"));
    assert_eq!(lines(&world.run().await), ["connection db: blocked, drift"]);
}
