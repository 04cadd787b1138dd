//! A proxy before a Vault: it writes down every request, and holds back, answers itself or drops those it is told to.
//!
//! HTTP/1.1, one request a connection. What it holds it forwards when released, even if whoever sent it has died since.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path, such as `POST /v1/kv/data/variables/a`.
    pub line: String,
    /// Headers, in lower case.
    pub headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Received {
    /// Tells whether it changes something at a path that contains `part`.
    pub fn changes(&self, part: &str) -> bool {
        ["POST ", "PATCH ", "DELETE "].iter().any(|method| self.line.starts_with(method)) && self.line.contains(part)
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Deed {
    /// It is forwarded and its answer handed back.
    Pass,
    /// It waits here until its gate opens, and is forwarded then.
    HoldRequest(Gate),
    /// It is forwarded at once; its answer waits here until the gate opens.
    HoldAnswer(Gate),
    /// It is answered from here: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
}

/// Holds requests until it is opened.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed gate.
    pub fn closed() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Lets everything through that waits, and whatever comes later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn passed(&self) {
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

type Rule = Box<dyn FnMut(&Received) -> Deed + Send>;

/// A running proxy.
pub struct Proxy {
    /// Its address, `http://host:port`.
    pub address: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    rule: Mutex<Rule>,
    received: watch::Sender<Vec<Received>>,
    held: watch::Sender<usize>,
    settled: watch::Sender<usize>,
}

impl Proxy {
    /// Starts before a Vault at `address`; everything passes.
    pub async fn before(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared {
            upstream: address.trim_start_matches("http://").to_owned(),
            rule: Mutex::new(Box::new(|_| Deed::Pass)),
            received: watch::Sender::default(),
            held: watch::Sender::default(),
            settled: watch::Sender::default(),
        });
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&served), stream));
            }
        });
        Self { address, shared }
    }

    /// Decides about the requests from now on.
    pub fn rule(&self, rule: impl FnMut(&Received) -> Deed + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// Holds back every change of a path that contains `part`, or its answer, as `deed` makes of the gate that is given back.
    pub fn hold(&self, part: &'static str, deed: fn(Gate) -> Deed) -> Gate {
        let gate = Gate::closed();
        let theirs = gate.clone();
        self.shared.held.send_replace(0);
        self.shared.settled.send_replace(0);
        self.rule(move |request| match request.changes(part) {
            true => deed(theirs.clone()),
            false => Deed::Pass,
        });
        gate
    }

    /// Lets everything pass from now on; what is held stays held.
    pub fn pass(&self) {
        self.rule(|_| Deed::Pass);
    }

    /// Waits until so many requests are held at once.
    pub async fn holds(&self, count: usize) {
        let mut held = self.shared.held.subscribe();
        within(held.wait_for(|held| *held >= count), &format!("{count} held requests")).await;
    }

    /// Waits until so many held requests have reached Vault and been answered there.
    pub async fn settled(&self, count: usize) {
        let mut settled = self.shared.settled.subscribe();
        within(settled.wait_for(|settled| *settled >= count), &format!("{count} late requests")).await;
    }

    /// Waits until so many requests whose line contains `part` have come.
    pub async fn seen(&self, part: &str, count: usize) {
        let mut received = self.shared.received.subscribe();
        let enough = |received: &Vec<Received>| received.iter().filter(|one| one.line.contains(part)).count() >= count;
        within(received.wait_for(enough), &format!("{count} × {part}")).await;
    }

    /// How many requests had a line with `part`.
    pub fn count(&self, part: &str) -> usize {
        self.shared.received.borrow().iter().filter(|one| one.line.contains(part)).count()
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.received.send_replace(Vec::new());
    }
}

async fn within<T, E>(awaited: impl Future<Output = Result<T, E>>, what: &str) {
    let waited = tokio::time::timeout(Duration::from_secs(60), awaited).await;
    assert!(matches!(waited, Ok(Ok(_))), "the proxy waits in vain for {what}");
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let Some((mut client, request)) = receive(stream).await else { return };
    // Decided before it is told of, so that whoever hears of it may rely on what becomes of it.
    let deed = (shared.rule.lock().unwrap())(&request);
    shared.received.send_modify(|received| received.push(request.clone()));
    let answer = match deed {
        Deed::Pass => forward(&shared.upstream, &request).await,
        Deed::HoldRequest(gate) => {
            shared.held.send_modify(|held| *held += 1);
            gate.passed().await;
            let answer = forward(&shared.upstream, &request).await;
            shared.settled.send_modify(|settled| *settled += 1);
            answer
        }
        Deed::HoldAnswer(gate) => {
            let answer = forward(&shared.upstream, &request).await;
            shared.held.send_modify(|held| *held += 1);
            gate.passed().await;
            answer
        }
        Deed::Answer(status, headers, body) => spelled(status, &headers, &body).into_bytes(),
    };
    let _ = client.write_all(&answer).await;
}

async fn receive(stream: TcpStream) -> Option<(TcpStream, Received)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).await.ok()?;
    let line = first.trim_end().strip_suffix(" HTTP/1.1")?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some((reader.into_inner(), Received { line, headers, body }))
}

/// Sends a request on and reads the whole answer, to the end of the connection. A namespace stays here: the core has none.
async fn forward(upstream: &str, request: &Received) -> Vec<u8> {
    let kept = request.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "connection" | "x-vault-namespace"));
    let headers: String = kept.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(upstream).await else { return answer };
    let head = format!("{} HTTP/1.1\r\n{headers}connection: close\r\n\r\n", request.line);
    let _ = stream.write_all(&[head.as_bytes(), &request.body].concat()).await;
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn spelled(status: u16, headers: &[(&str, String)], body: &str) -> String {
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
}
