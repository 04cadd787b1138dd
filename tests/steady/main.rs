//! A daemon that has nothing to do for two thousand cycles of a thousand keys takes no more of its machine than at first.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const KEYS: usize = 1000;
const CYCLES: f64 = 2000.0;
/// Jobs share the cycles, so that they do not take half an hour.
const JOBS: usize = 12;
/// Cycles before anything is counted: pools, caches and threads come into being with the first ones.
const WARM_UP: f64 = 400.0;
/// From how many cycles a level is taken, at the beginning and at the end.
const SPAN: f64 = 400.0;
/// How much more memory may be in use at the end.
const MEMORY: f64 = 1.05;
/// How many more descriptors or tasks may be open at the height of the work; one lost in a hundred cycles is more.
const FEW: f64 = 15.0;
/// Everything takes longer than this only if it stands still.
const PATIENCE: Duration = Duration::from_secs(1500);

/// What the daemon said of itself at a moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    cycles: f64,
    memory: f64,
    descriptors: f64,
    tasks: f64,
}

/// A daemon and the folder it works in.
struct Daemon {
    process: Child,
    folder: TempDir,
    address: String,
}

impl Daemon {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables: serde_json::Map<_, _> =
            (0..KEYS).map(|key| (format!("key-{key:04}"), format!("text {key}").into())).collect();
        std::fs::write(folder.path().join("source.json"), serde_json::to_string(&variables).unwrap()).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let file = folder.path().join("secretferry.toml");
        std::fs::write(&file, config(&address)).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .arg("--config")
            .arg(&file)
            .arg("daemon")
            .env_remove("SECRETFERRY_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, folder, address }
    }

    async fn sample(&self) -> Option<Sample> {
        let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
        let answer = client.get(format!("http://{}/metrics", self.address)).send().await.ok()?;
        let text = answer.text().await.ok()?;
        let number = |name: &str| {
            let of_name = text.lines().filter(|line| line.starts_with(name));
            of_name.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
        };
        Some(Sample {
            cycles: number("secretferry_runs_total{"),
            memory: number("process_resident_memory_bytes "),
            descriptors: number("process_open_fds "),
            tasks: number("process_tasks "),
        })
    }

    /// Looks on until so many cycles are over.
    async fn watched(&mut self, until: f64) -> Vec<Sample> {
        let (mut samples, began) = (Vec::<Sample>::new(), Instant::now());
        while samples.last().is_none_or(|last| last.cycles < until) {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", self.log());
            }
            assert!(began.elapsed() < PATIENCE, "{:?}\n{}", samples.last(), self.log());
            samples.extend(self.sample().await);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        samples
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn config(address: &str) -> String {
    let mut config = format!(
        "[ledger]\nurl = \"sqlite://ledger.db\"\n[daemon]\nlisten = \"{address}\"\n\
         [stores.source]\nkind = \"local-files\"\nvariables-file = \"source.json\"\n"
    );
    for job in 0..JOBS {
        write!(
            config,
            "[stores.target-{job}]\nkind = \"local-files\"\nvariables-file = \"target-{job}.json\"\n[jobs.job-{job}]\n\
             source = \"source\"\ntarget = \"target-{job}\"\nkinds = [\"variables\"]\nschedule = {{ every = \"1s\" }}\n"
        )
        .unwrap();
    }
    config
}

/// The middle one.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What grew between the first cycles after the warm-up and the last ones.
fn grown(samples: &[Sample]) -> Vec<String> {
    let end = samples.last().unwrap().cycles;
    let span = |from: f64| samples.iter().filter(move |it| it.cycles >= from && it.cycles <= from + SPAN);
    let (first, last) = (span(WARM_UP), span(end - SPAN));
    let memory = |span: &mut dyn Iterator<Item = &Sample>| median(span.map(|sample| sample.memory).collect());
    let height = |span: &mut dyn Iterator<Item = f64>| span.fold(0.0, f64::max);
    let mut faults = Vec::new();
    let [before, after] = [memory(&mut first.clone()), memory(&mut last.clone())];
    if after > before * MEMORY {
        faults.push(format!("memory: from {before} to {after} bytes"));
    }
    for (what, of) in [("descriptors", (|it| it.descriptors) as fn(&Sample) -> f64), ("tasks", |it: &Sample| it.tasks)]
    {
        let [before, after] = [height(&mut first.clone().map(of)), height(&mut last.clone().map(of))];
        if after > before + FEW {
            faults.push(format!("{what}: from {before} to {after}"));
        }
    }
    faults
}

fn is_equal(folder: &Path, job: usize) -> bool {
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    read("source.json") == read(&format!("target-{job}.json"))
}

#[tokio::test]
async fn two_thousand_idle_cycles_leave_nothing_behind() {
    let mut daemon = Daemon::start();
    let samples = daemon.watched(WARM_UP + CYCLES).await;
    assert!(samples[0].memory > 0.0 && samples[0].descriptors > 0.0 && samples[0].tasks > 0.0, "{:?}", samples[0]);
    assert_eq!(grown(&samples), Vec::<String>::new(), "{samples:?}");
    assert!((0..JOBS).all(|job| is_equal(daemon.folder.path(), job)));
    let log = daemon.log();
    let ended: Vec<_> = log.lines().filter(|line| line.contains("\"a run ended\"")).collect();
    assert!(ended.iter().all(|line| line.contains("\"status\":\"succeeded\"")), "{log}");
    let idle = ended.iter().filter(|line| line.contains(&format!("\"kept\":{KEYS}"))).count();
    assert_eq!(idle, ended.len() - JOBS, "only the first run of each job writes");
}

/// The control: levels as a daemon would show them that keeps a little of each cycle.
#[test]
fn what_is_kept_of_each_cycle_is_noticed() {
    let level = |grows: fn(f64, &mut Sample)| {
        let at = |cycle: u32| {
            let cycles = f64::from(cycle);
            let mut sample =
                Sample { cycles, memory: 1e8, descriptors: 20.0 + cycles % 5.0, tasks: 30.0 + cycles % 7.0 };
            grows(cycles, &mut sample);
            sample
        };
        grown(&(0..=2400).step_by(6).map(at).collect::<Vec<_>>())
    };
    assert_eq!(level(|_, _| {}), Vec::<String>::new());
    assert_eq!(level(|cycles, sample| sample.memory += cycles * 4096.0)[0].split(':').next(), Some("memory"));
    assert_eq!(level(|cycles, sample| sample.descriptors += cycles / 90.0)[0].split(':').next(), Some("descriptors"));
    assert_eq!(level(|cycles, sample| sample.tasks += cycles / 90.0)[0].split(':').next(), Some("tasks"));
}
