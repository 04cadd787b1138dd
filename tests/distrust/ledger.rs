//! A ledger that is full, locked or lost: no durable intent, no write; and whose the target is, is known by its marks.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection, raw_sql};

use crate::ferry::{Ended, Running, start_in_shell};
use crate::proxy::Deed;
use crate::vault::shared;
use crate::world::{Setting, World};

const MANY: Setting<'_> = Setting { kv: 2, variables: 40, target: "", policy: "", job: "" };
const WRITES: [&str; 3] = ["POST", "PUT", "PATCH"];

fn writes(world: &World<'_>) -> usize {
    WRITES.iter().map(|method| world.proxy.count(&format!("{method} /v1/{}", world.mount))).sum()
}

async fn locked(world: &World<'_>) -> SqliteConnection {
    let file = world.folder().join("ledger.db");
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    raw_sql("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
    connection
}

/// Insists that a run which the ledger failed wrote nothing that the next one does not know of, then runs that one.
async fn mended(world: &World<'_>, ended: Ended, words: &[&str]) {
    let report = ended.with_code(1).json();
    let error = report["error"].as_str().unwrap();
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    let count = |outcome: &str| report["counts"][outcome].as_u64().unwrap();
    assert!(count("not-started") > 0 && count("unknown") <= 4, "{report:#}");
    assert_eq!(count("created") + count("unknown") + count("not-started"), 42, "{report:#}");
    let held = world.held().await.len() as u64;
    assert!(held <= count("created") + count("unknown"), "{held} were written: {report:#}");
    world.proxy.pass();
    world.apply().await.with_code(0);
    world.holds(|_| 1).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn locked_before_the_run() {
    let mut world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    world.set("v00", "another").await;
    world.proxy.forget();
    let lock = locked(&world).await;
    world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&["locked by another process", "Wait for"]);
    assert_eq!(writes(&world), 0);
    drop(lock);
    world.apply().await.with_outcomes(0, &[("updated", 1), ("kept", 5)]);
}

#[tokio::test]
async fn locked_in_the_middle_of_a_run() {
    let world = World::new(shared().await, MANY).await;
    let gate = world.proxy.hold("/data/", Deed::HoldAnswer);
    let running = world.applying();
    world.proxy.holds(4).await;
    let lock = locked(&world).await;
    gate.open();
    let ended = running.ended().await;
    drop(lock);
    mended(&world, ended, &["locked by another process", "Wait for"]).await;
}

/// A small disk, mounted where the ledger lies: for whoever may mount one, which a container may forbid.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mounted(folder: &Path) -> Option<Self> {
        let place = folder.join("disk");
        std::fs::create_dir(&place).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&place).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Self(place))
    }

    /// Makes room.
    fn clear(&self) {
        let _ = std::fs::remove_file(self.0.join("filler"));
    }

    /// Leaves so many bytes free.
    fn leave(&self, free: u64) {
        self.clear();
        let filler = self.0.join("filler");
        let mut size = 8 << 20;
        while std::fs::write(&filler, vec![0; size]).is_err() {
            size -= 4096;
        }
        std::fs::write(&filler, vec![0; size.saturating_sub(usize::try_from(free).unwrap())]).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk() {
    let mut world = World::new(shared().await, MANY).await;
    let Some(disk) = SmallDisk::mounted(world.folder()) else { return };
    let config = std::fs::read_to_string(world.folder().join("secretferry.toml")).unwrap();
    world.write("secretferry.toml", &config.replace("sqlite://ledger.db", "sqlite://disk/ledger.db"));
    let words = ["no room left", "Make room"];
    disk.leave(0);
    world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&words);
    assert_eq!(writes(&world), 0, "before there is a ledger");
    disk.leave(400 << 10);
    let ended = world.apply().await;
    disk.clear();
    mended(&world, ended, &words).await;
    world.set("v00", "another").await;
    disk.leave(0);
    world.proxy.forget();
    let full = world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&words);
    assert_eq!(writes(&world), 0, "{full:?}");
    disk.clear();
    world.apply().await.with_outcomes(0, &[("updated", 1), ("kept", 41)]);
}

/// Files may not grow beyond a bound of the process: the same for those who may not mount a disk.
#[tokio::test]
async fn a_file_that_may_not_grow() {
    let world = World::new(shared().await, MANY).await;
    let bounded = |blocks: u32| -> Running {
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" apply --yes --json");
        start_in_shell(world.folder(), &line)
    };
    bounded(8).ended().await.with_code(1).telling(&["no room left", "Make room"]);
    assert_eq!(writes(&world), 0);
    let ended = bounded(600).ended().await;
    mended(&world, ended, &["the ledger cannot be read or written", "ledger.db", "Check the disk"]).await;
}

#[tokio::test]
async fn a_lost_ledger_is_no_reason_to_write_again() {
    let mut world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    std::fs::remove_file(world.folder().join("ledger.db")).unwrap();
    world.set("v00", "another").await;
    let ended = world.apply().await.with_outcomes(3, &[("blocked", 6)]);
    assert_eq!(ended.of("v01").1, "other-owner");
    let held = world.held().await;
    assert!(held.values().all(|held| held.version == 1), "{held:?}");
    assert_eq!(world.held_at("variables/v00").await.value.unwrap()["value"], "value 0");

    let adopting = Setting { policy: "foreign = \"adopt\"", ..Setting::default() };
    world.configure(adopting);
    let ended = world.apply().await.with_outcomes(3, &[("adopted", 5), ("blocked", 1)]);
    assert_eq!(ended.of("v00").1, "foreign-differs");
    assert!(world.held().await.values().all(|held| held.version == 1));
    world.apply().await.with_outcomes(3, &[("kept", 5), ("blocked", 1)]);

    world.configure(Setting { policy: "foreign = \"overwrite\"", ..Setting::default() });
    world.apply().await.with_outcomes(0, &[("kept", 5), ("updated", 1)]);
    world.holds(|path| if path == "variables/v00" { 2 } else { 1 }).await;
    world.is_at_rest().await;
}

#[tokio::test]
async fn a_ledger_without_its_key_is_refused() {
    let world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    std::fs::rename(world.folder().join("ledger.db.key"), world.folder().join("elsewhere")).unwrap();
    world.proxy.forget();
    world.ferry(&["apply", "--yes"]).await.with_code(1).telling(&["key file", "missing", "Put the key file back"]);
    assert_eq!(writes(&world), 0);
}

#[tokio::test]
async fn a_forged_log_is_found_out() {
    let world = World::new(shared().await, Setting::default()).await;
    world.apply().await.with_outcomes(0, &[("created", 6)]);
    let file = world.folder().join("ledger.db");
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let forgery = "DROP TRIGGER audit_never_changes; UPDATE audit SET result = 'deleted' WHERE sequence = 5";
    raw_sql(forgery).execute(&mut connection).await.unwrap();
    drop(connection);
    let proof = world.ferry(&["audit", "verify", "--json"]).await.with_code(3).json();
    assert_eq!((&proof["whole"], &proof["proved_rows"]), (&Value::Bool(false), &Value::from(4)), "{proof:#}");
}
