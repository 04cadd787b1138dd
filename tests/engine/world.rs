//! Two stores in memory, a ledger in a folder, a job between them, and whole runs of it.

use std::sync::Arc;
use std::time::Duration;

use secretferry::engine::{
    Job, Overrides, Preview, Run, RunError, RunReport, Stores, apply, lens, lens_on, preview, preview_undo, settle,
    undo,
};
use secretferry::ledger::{Holder, Ledger, LedgerSettings, RunEnd, RunStart, RunStatus};
use secretferry::model::{Blind, Family, Kind, Observer, Outcome, Reader, TextDialect};
use secretferry::naming::{Filter, Mapping};
use secretferry::planner::Policy;
use secretferry::provider::layer::fitted;
use secretferry::provider::memory::{MemoryProvider, MemoryShape};
use secretferry::provider::{Provider as _, Role, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, raw_sql};
use tokio_util::sync::CancellationToken;

/// A job with all it needs; everything is gone with the test.
pub struct World {
    pub folder: tempfile::TempDir,
    pub source: Arc<MemoryProvider>,
    pub target: Arc<MemoryProvider>,
    pub stores: Stores,
    pub job: Job,
    pub ledger: Ledger,
}

/// How many calls a store was asked: list, stat, read, write, delete.
pub type Calls = [usize; 5];

impl World {
    /// Between two empty stores that can do everything.
    pub async fn new() -> Self {
        Self::between(MemoryShape::default(), MemoryShape::default()).await
    }

    /// Between two empty stores.
    pub async fn between(source: MemoryShape, target: MemoryShape) -> Self {
        Self::from(MemoryProvider::shaped("airflow", source), target).await
    }

    /// From a store to an empty one.
    pub async fn from(source: Arc<MemoryProvider>, target: MemoryShape) -> Self {
        let target = MemoryProvider::shaped("replica", target);
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&LedgerSettings::default(), folder.path()).await.unwrap();
        let stores = Stores {
            source: fitted(Arc::clone(&source) as Store, Role::Source),
            target: fitted(Arc::clone(&target) as Store, Role::Target),
        };
        Self { folder, source, target, stores, job: job(), ledger }
    }

    /// Opens the ledger anew, as the next process does.
    pub async fn reopen(&mut self) {
        self.ledger = Ledger::open(&LedgerSettings::default(), self.folder.path()).await.unwrap();
    }

    /// Loses the ledger: another one, with another key and id, takes its place.
    pub async fn lose_ledger(&mut self) {
        self.folder = tempfile::tempdir().unwrap();
        self.reopen().await;
    }

    /// Runs SQL on the ledger past our code.
    pub async fn sql(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("secretferry.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        raw_sql(sql).execute(&mut connection).await.unwrap();
    }

    /// Looks and decides, as `plan` does.
    pub async fn plan(&self) -> Preview {
        preview(&self.job, &self.stores, Some(&self.ledger), &Blind).await.unwrap()
    }

    /// Runs the job from settling to the report.
    pub async fn run(&self) -> RunReport {
        self.run_watched(&Blind, &CancellationToken::new(), async |_| {}).await.unwrap()
    }

    /// As [`World::run`], with something that happens between plan and consent.
    pub async fn run_meddled(&self, meddle: impl AsyncFnOnce(&Preview)) -> RunReport {
        self.run_watched(&Blind, &CancellationToken::new(), meddle).await.unwrap()
    }

    /// As [`World::run`], watched, and stopped by a token.
    pub async fn run_watched(
        &self,
        observer: &dyn Observer,
        stop: &CancellationToken,
        meddle: impl AsyncFnOnce(&Preview),
    ) -> Result<RunReport, RunError> {
        let (job, stores, ledger) = (&self.job, &self.stores, &self.ledger);
        let lease = ledger.lease(&stores.target.info().identity, &Holder::here(&job.name)).await.unwrap();
        let id = ledger.begin_run(&lease, start(job)).await.unwrap();
        let run =
            Run { job, target: &stores.target, ledger, lease: &lease, id: id.clone(), occasion: None, observer, stop };
        let planned = async {
            settle(&run, &lens(job, stores, Some(ledger))).await?;
            preview(job, stores, Some(ledger), observer).await
        };
        match planned.await {
            Ok(preview) => {
                meddle(&preview).await;
                Ok(apply(&run, &stores.source, preview).await)
            }
            Err(error) => {
                let end = RunEnd {
                    status: RunStatus::Failed,
                    depth: None,
                    counts: Default::default(),
                    error: Some(error.to_string()),
                    standing: None,
                };
                ledger.finish_run(&id, end).await.unwrap();
                Err(error)
            }
        }
    }

    /// Looks at the keys of an earlier run and decides how to take it back.
    pub async fn plan_undo(&self, run: &str) -> Preview {
        let past = self.ledger.find_run(run).await.unwrap().unwrap();
        preview_undo(&past, &self.job, &self.stores.target, &self.ledger, &Blind).await.unwrap()
    }

    /// Takes an earlier run back, from settling to the report; something may happen between plan and consent.
    pub async fn undo_meddled(&self, run: &str, meddle: impl AsyncFnOnce(&Preview)) -> RunReport {
        let (job, ledger, target) = (&self.job, &self.ledger, &self.stores.target);
        let lease = ledger.lease(&target.info().identity, &Holder::here(&job.name)).await.unwrap();
        let id = ledger.begin_run(&lease, RunStart { command: "undo".to_owned(), ..start(job) }).await.unwrap();
        let stop = CancellationToken::new();
        let undoing =
            Run { job, target, ledger, lease: &lease, id: id.clone(), occasion: None, observer: &Blind, stop: &stop };
        settle(&undoing, &lens_on(job, target, ledger)).await.unwrap();
        let preview = self.plan_undo(run).await;
        meddle(&preview).await;
        undo(&undoing, preview).await
    }

    /// Takes an earlier run back.
    pub async fn undo(&self, run: &str) -> RunReport {
        self.undo_meddled(run, async |_| {}).await
    }

    /// The calls both stores are asked by one run.
    pub async fn counted(&self) -> (RunReport, Calls, Calls) {
        let before = (calls(&self.source), calls(&self.target));
        let report = self.run().await;
        (report, since(before.0, calls(&self.source)), since(before.1, calls(&self.target)))
    }

    /// Fills the source with variables `v000`, `v001`, …
    pub fn fill(&self, count: usize) {
        for number in 0..count {
            self.source.put(&format!("variables/v{number:03}"), &format!("text {number}"));
        }
    }

    /// The live text of a key of the target.
    pub fn text(&self, key: &str) -> Option<String> {
        self.target.text(key).map(|text| text.expose().to_owned())
    }

    /// The text under which the target's backend reads a variable's value.
    pub fn stored(&self, text: &str) -> String {
        match self.target.dialect().text {
            TextDialect::Verbatim | TextDialect::FileLine | TextDialect::Variable | TextDialect::VariableLine => {
                text.to_owned()
            }
            TextDialect::ValueKey => format!(r#"{{"value": "{text}"}}"#),
            TextDialect::JsonValue | TextDialect::ExportValue => format!("\"{text}\""),
        }
    }

    /// Proves the audit chain, and that no step is left open.
    pub async fn prove_ledger(&self) {
        assert_eq!(self.ledger.audit_verify().await.unwrap().broken, None);
        let open = self.ledger.unsettled(&self.stores.target.info().identity).await.unwrap();
        assert!(open.is_empty(), "unsettled: {open:?}");
    }
}

/// The beginning of a run.
pub fn start(job: &Job) -> RunStart {
    RunStart {
        job: job.name.clone(),
        command: "apply".to_owned(),
        source: job.source.clone(),
        target: job.target.clone(),
        host: "scheduler-0".to_owned(),
        config_digest: "c0ffee".to_owned(),
        version: "0.1.0".to_owned(),
        instant: None,
    }
}

/// A job over connections and variables, with the default policy.
pub fn job() -> Job {
    Job {
        name: "nightly".to_owned(),
        source: "airflow".to_owned(),
        target: "replica".to_owned(),
        filter: Filter::new(&[Kind::Connection, Kind::Variable], &["*".to_owned()], &[]).unwrap(),
        mapping: Mapping::default(),
        overrides: Overrides::default(),
        form: None,
        readers: Reader::ALL.to_vec(),
        depth: None,
        deep_compare_every: Duration::from_secs(24 * 60 * 60),
        policy: Policy::default(),
        accept: Vec::new(),
        allow_masked: Vec::new(),
        shown: Vec::new(),
    }
}

/// The calls a store was asked so far.
pub fn calls(store: &MemoryProvider) -> Calls {
    [Family::List, Family::Stat, Family::Read, Family::Write, Family::Delete].map(|family| store.calls(family))
}

fn since(before: Calls, after: Calls) -> Calls {
    std::array::from_fn(|family| after[family] - before[family])
}

/// How each key ended, and why, one line a key.
pub fn lines(report: &RunReport) -> Vec<String> {
    report.outcomes.iter().map(|step| format!("{}: {}, {}", step.name, step.outcome, step.reason)).collect()
}

/// How many keys ended so.
pub fn count(report: &RunReport, outcome: Outcome) -> usize {
    report.outcomes.iter().filter(|step| step.outcome == outcome).count()
}
