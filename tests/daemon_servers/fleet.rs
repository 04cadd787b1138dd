//! Daemons on one ledger: started, killed, frozen and woken as a test wants.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ledger::World;

/// A daemon of the real program.
pub struct Daemon {
    process: Child,
    /// Where it says how it is.
    pub address: String,
    number: usize,
}

/// A ledger and the daemons on it.
pub struct Fleet {
    /// The ledger.
    pub world: World,
    /// The daemons.
    pub daemons: Vec<Daemon>,
    /// What stands in the config of each, but for where it listens.
    config: String,
    started: usize,
}

impl Fleet {
    /// A ledger for daemons that work by this config, without its tables `[ledger]` and `[daemon]`.
    pub async fn new(daemon: &str, config: &str) -> Self {
        let world = World::new().await;
        let ledger = "[ledger]\nurl = { file = \"url\" }\nkey = { file = \"key\" }\n";
        let config = format!("{ledger}{config}\n[daemon]\n{daemon}\n");
        Self { world, daemons: Vec::new(), config, started: 0 }
    }

    /// The file that daemon `number` works by.
    pub fn config(&self, number: usize) -> PathBuf {
        self.world.file(&format!("daemon-{number}.toml"))
    }

    /// Starts one more, and waits until it is ready.
    pub async fn start(&mut self) -> usize {
        let (number, port) = (self.started, free_port());
        self.started += 1;
        std::fs::write(self.config(number), format!("{}listen = \"127.0.0.1:{port}\"\n", self.config)).unwrap();
        let daemon = self.spawn(number, port);
        self.daemons.push(daemon);
        self.ready(self.daemons.len() - 1).await;
        self.daemons.len() - 1
    }

    fn spawn(&self, number: usize, port: u16) -> Daemon {
        let log = File::options().create(true).append(true).open(self.log(number)).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_secretferry"))
            .arg("--config")
            .arg(self.config(number))
            .arg("daemon")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("SECRETFERRY_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { process, address: format!("127.0.0.1:{port}"), number }
    }

    /// Where it writes its log.
    pub fn log(&self, number: usize) -> PathBuf {
        self.world.file(&format!("daemon-{number}.log"))
    }

    /// What all of them have written so far.
    pub fn logs(&self) -> String {
        (0..self.started).map(|number| std::fs::read_to_string(self.log(number)).unwrap()).collect()
    }

    /// Waits until one answers at all.
    pub async fn ready(&mut self, at: usize) {
        let began = Instant::now();
        while self.ask(at, "/healthz").await.is_none() {
            if let Some(status) = self.daemons[at].process.try_wait().unwrap() {
                panic!("daemon {at} ended with {status}:\n{}", self.logs());
            }
            assert!(began.elapsed() < Duration::from_secs(30), "daemon {at} does not answer:\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What one answers: the status and the text.
    pub async fn ask(&self, at: usize, path: &str) -> Option<(u16, String)> {
        let client =
            reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().timeout(Duration::from_secs(5)).build();
        let answer = client.unwrap().get(format!("http://{}{path}", self.daemons[at].address)).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }

    /// Ends one as a power cut does, and starts it anew.
    pub fn kill_and_restart(&mut self, at: usize) {
        let daemon = &mut self.daemons[at];
        daemon.process.kill().unwrap();
        daemon.process.wait().unwrap();
        let (number, port) = (daemon.number, daemon.address.rsplit(':').next().unwrap().parse().unwrap());
        self.daemons[at] = self.spawn(number, port);
    }

    /// Ends one as a power cut does, for good.
    pub fn kill(&mut self, at: usize) {
        let mut daemon = self.daemons.remove(at);
        daemon.process.kill().unwrap();
        daemon.process.wait().unwrap();
    }

    /// Sends one a signal: `STOP`, `CONT`, `TERM`, `HUP`.
    pub fn signal(&self, at: usize, signal: &str) {
        let process = self.daemons[at].process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &process]).status().unwrap().success());
    }

    /// Waits for the end of one that was asked to; gives its exit code and how long it took.
    pub async fn ended(&mut self, at: usize) -> (Option<i32>, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.daemons[at].process.try_wait().unwrap() {
                self.daemons.remove(at);
                return (status.code(), began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not end:\n{}", self.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.process.kill();
            let _ = daemon.process.wait();
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
