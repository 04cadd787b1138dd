//! Three daemons, twenty jobs, and everything that goes wrong: at the end every target equals its source, and every change
//! of the store is one step of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::moto::Moto;
use crate::vault::Vault;

/// How long everything goes wrong; `SECRETFERRY_CHAOS` says another number of seconds.
const LONG: u64 = 120;
/// How many keys a job carries.
const KEYS: usize = 4;
/// Which jobs lead where: Vault, Secrets Manager, Parameter Store.
const LANES: [(&str, usize); 3] = [("vault", 12), ("secrets", 4), ("parameters", 4)];

/// What a test does to the daemons and their world.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill(usize),
    Freeze(usize),
    Ledger,
    Seal,
    Quota,
}

struct World {
    fleet: Fleet,
    vault: Vault,
    moto: Moto,
    mount: String,
    /// What each job's source holds.
    sources: BTreeMap<String, BTreeMap<String, String>>,
    chance: StdRng,
}

fn jobs() -> impl Iterator<Item = (String, &'static str)> {
    LANES.iter().flat_map(|(store, count)| (0..*count).map(move |number| (format!("{store}-{number}"), *store)))
}

impl World {
    async fn new(seed: u64) -> Self {
        let (vault, moto) = (Vault::start(&[]), Moto::start());
        let mount = vault.mount(2).await;
        let mut config = String::new();
        for (job, store) in jobs() {
            let target = match store {
                "vault" => format!(
                    "kind = \"vault\"\naddress = \"{}\"\nmount = \"{mount}\"\nvariables-path = \"{job}\"\nconnections-path = \
                     \"{job}-c\"\nauth = {{ method = \"token\", token = {{ file = \"token\" }} }}\n",
                    vault.address
                ),
                "secrets" => format!(
                    "kind = \"aws-secrets-manager\"\nregion = \"eu-central-1\"\nendpoint-url = \"{}\"\nvariables-prefix = \"{job}\"\n\
                     connections-prefix = \"{job}-c\"\n",
                    moto.address
                ),
                _ => format!(
                    "kind = \"aws-parameter-store\"\nregion = \"eu-central-1\"\nendpoint-url = \"{}\"\nvariables-prefix = \"/{job}\"\n\
                     connections-prefix = \"/{job}-c\"\npace = {{ write = 100.0 }}\n",
                    moto.address
                ),
            };
            config += &format!(
                "[stores.from-{job}]\nkind = \"local-files\"\nvariables-file = \"{job}.json\"\n[stores.to-{job}]\n{target}timeout = \"2s\"\n\
                 [jobs.{job}]\nsource = \"from-{job}\"\ntarget = \"to-{job}\"\nkinds = [\"variables\"]\n\
                 schedule = {{ every = \"3s\", jitter = \"1s\" }}\n"
            );
        }
        let fleet = Fleet::new("lease = \"4s\"\njobs-at-once = 8", &config).await;
        std::fs::write(fleet.world.file("token"), &vault.token).unwrap();
        let mut world =
            Self { fleet, vault, moto, mount, sources: BTreeMap::new(), chance: StdRng::seed_from_u64(seed) };
        for (job, _) in jobs() {
            let held = (0..KEYS).map(|key| (format!("key-{key}"), "0".to_owned())).collect();
            world.sources.insert(job.clone(), held);
            world.put(&job);
        }
        for _ in 0..3 {
            world.fleet.start().await;
        }
        world
    }

    fn put(&self, job: &str) {
        let file = self.fleet.world.file(&format!("{job}.json"));
        std::fs::write(file.with_extension("new"), serde_json::to_string(&self.sources[job]).unwrap()).unwrap();
        std::fs::rename(file.with_extension("new"), file).unwrap();
    }

    /// Changes a key or two of any source.
    fn edit(&mut self) {
        let jobs: Vec<_> = jobs().map(|(job, _)| job).collect();
        for _ in 0..2 {
            let job = jobs[self.chance.random_range(0..jobs.len())].clone();
            let (key, text) = (self.chance.random_range(0..KEYS), self.chance.random::<u64>().to_string());
            self.sources.get_mut(&job).unwrap().insert(format!("key-{key}"), text);
            self.put(&job);
        }
    }

    async fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Kill(at) => self.fleet.kill_and_restart(at),
            Blow::Freeze(at) => {
                self.fleet.signal(at, "STOP");
                tokio::time::sleep(Duration::from_millis(7_500)).await;
                self.fleet.signal(at, "CONT");
            }
            Blow::Ledger => {
                let mut root = crate::ledger::superuser("postgres").await;
                let database = &self.fleet.world.database;
                for sql in [
                    format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
                    format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
                ] {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut root).await.unwrap();
                }
                tokio::time::sleep(Duration::from_secs(3)).await;
                let back = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS true");
                sqlx::raw_sql(sqlx::AssertSqlSafe(back)).execute(&mut root).await.unwrap();
            }
            Blow::Seal => {
                self.vault.must("PUT", "sys/seal", Value::Null).await;
                tokio::time::sleep(Duration::from_secs(2)).await;
                self.vault.must("PUT", "sys/unseal", json!({"key": self.vault.unseal_key})).await;
            }
            Blow::Quota => {
                let slow = json!({"path": format!("{}/", self.mount), "rate": 5, "interval": "1s"});
                self.vault.must("POST", "sys/quotas/rate-limit/slow", slow).await;
                tokio::time::sleep(Duration::from_secs(3)).await;
                self.vault.must("DELETE", "sys/quotas/rate-limit/slow", Value::Null).await;
            }
        }
    }

    /// What a job's target holds.
    async fn held(&self, job: &str, store: &str) -> BTreeMap<String, String> {
        let mut held = BTreeMap::new();
        for key in self.sources[job].keys() {
            let text = match store {
                "vault" => {
                    let (_, answer) =
                        self.vault.ask("GET", &format!("{}/data/{job}/{key}", self.mount), Value::Null).await;
                    answer["data"]["data"]["value"].as_str().map(str::to_owned)
                }
                "secrets" => {
                    let name = json!({"SecretId": format!("{job}/{key}")});
                    let (_, answer) = self.moto.ask("secretsmanager.GetSecretValue", name).await;
                    answer["SecretString"].as_str().map(str::to_owned)
                }
                _ => {
                    let name = json!({"Name": format!("/{job}/{key}"), "WithDecryption": true});
                    let (_, answer) = self.moto.ask("AmazonSSM.GetParameter", name).await;
                    answer["Parameter"]["Value"].as_str().map(str::to_owned)
                }
            };
            held.extend(text.map(|text| (key.clone(), text)));
        }
        held
    }

    /// Waits until every target equals its source.
    async fn settle(&self) {
        let began = Instant::now();
        let mut open: BTreeSet<_> = jobs().collect();
        while !open.is_empty() {
            let mut still = BTreeSet::new();
            for (job, store) in open {
                if self.held(&job, store).await != self.sources[&job] {
                    still.insert((job, store));
                }
            }
            open = still;
            assert!(began.elapsed() < Duration::from_secs(90), "not equal: {open:?}\n{}", self.fleet.logs());
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Every version of a key in Vault is one step of the ledger, and no other.
    async fn every_version_is_one_step(&self) {
        let mut raw = self.fleet.world.raw().await;
        for (job, _) in jobs().filter(|(_, store)| *store == "vault") {
            for key in self.sources[&job].keys() {
                let path = format!("{}/metadata/{job}/{key}", self.mount);
                let metadata = self.vault.must("GET", &path, Value::Null).await;
                let versions = metadata["data"]["versions"].as_object().unwrap().len() as i64;
                // Vault keeps ten of them; the number of the last one counts them all.
                let all = metadata["data"]["current_version"].as_i64().unwrap().max(versions);
                let sql = "SELECT count(*), count(DISTINCT revision_after) FROM steps JOIN runs ON runs.id = steps.run
                           WHERE runs.job = $1 AND remote_key LIKE '%' || $2 AND steps.action IN ('create', 'update')
                           AND (state = 'done' OR state = 'settled' AND settled_as = 'done')";
                let (steps, revisions): (i64, i64) =
                    sqlx::query_as(sql).bind(&job).bind(format!("/{key}")).fetch_one(&mut raw).await.unwrap();
                assert_eq!(
                    (steps, revisions),
                    (all, all),
                    "{job}/{key}: steps, their revisions, and versions in Vault"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_every_target_ends_equal_and_every_change_is_one_step() {
    let seed = std::env::var("SECRETFERRY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    let long = std::env::var("SECRETFERRY_CHAOS").ok().and_then(|text| text.parse().ok()).unwrap_or(LONG);
    println!("SECRETFERRY_SEED={seed} SECRETFERRY_CHAOS={long}");
    let mut world = World::new(seed).await;
    let (began, mut blows) = (Instant::now(), BTreeMap::<String, u32>::new());
    let (mut round, mut kills) = (0, 0_u32);
    // A slow machine takes longer for the same: fifty kills in the time that it has by default.
    while began.elapsed() < Duration::from_secs(long) || u64::from(kills) < long * 50 / LONG {
        round += 1;
        world.edit();
        let at = world.chance.random_range(0..3);
        let blow = match round % 17 {
            3 => Blow::Freeze(at),
            7 => Blow::Ledger,
            11 => Blow::Seal,
            15 => Blow::Quota,
            _ => Blow::Kill(at),
        };
        kills += u32::from(matches!(blow, Blow::Kill(_)));
        *blows.entry(format!("{blow:?}").split('(').next().unwrap().to_owned()).or_default() += 1;
        world.strike(blow).await;
        let pause = world.chance.random_range(200..1_200);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    println!("{kills} kills among {blows:?}");
    world.settle().await;
    for at in (0..world.fleet.daemons.len()).rev() {
        world.fleet.signal(at, "CONT");
        world.fleet.signal(at, "TERM");
        assert_eq!(world.fleet.ended(at).await.0, Some(0), "{}", world.fleet.logs());
    }
    let ledger = &world.fleet.world;
    assert_eq!(ledger.number("SELECT count(*) FROM steps WHERE state IN ('intended', 'unknown')").await, 0);
    let late = "SELECT count(*) FROM steps a JOIN runs r ON r.id = a.run JOIN steps b ON a.id < b.id JOIN runs s ON s.id = b.run
                WHERE r.target_identity = s.target_identity AND a.fence > b.fence";
    assert_eq!(ledger.number(late).await, 0, "a step under an older lease came after one under a newer");
    world.every_version_is_one_step().await;
    let proof = ledger.open().await.audit_verify().await.unwrap();
    assert_eq!(proof.broken, None);
    let settled = ledger.number("SELECT count(*) FROM steps WHERE state = 'settled'").await;
    let (steps, runs) =
        (ledger.number("SELECT count(*) FROM steps").await, ledger.number("SELECT count(*) FROM runs").await);
    let died = ledger.number("SELECT count(*) FROM runs WHERE status = 'died'").await;
    println!("{runs} runs ({died} died), {steps} steps ({settled} settled by reading back), {} audit rows", proof.rows);
}
