//! A server for one service: a thread of its own, every request counted, faults and quotas before the service's answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use secretferry::model::Family;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::authority::Authority;
use super::control;
use super::fault::{Aim, Fault, Faults};
use super::http::{Reply, Request, receive, send};
use super::quota::{Quota, Quotas};

/// What a service is, as its server sees it.
pub trait Service: Send + 'static {
    /// Names what is asked, such as `secretsmanager.ListSecrets`.
    fn operation(&self, request: &Request) -> String;

    /// The family that an operation belongs to.
    fn family(&self, operation: &str) -> Family;

    /// The quotas that a request draws on.
    fn quotas(&self, operation: &str, request: &Request) -> Vec<Quota>;

    /// Does what is asked.
    fn answer(&mut self, request: &Request) -> Reply;

    /// How it says one of [`Fault::WITHOUT_EFFECT`] that is said in words.
    fn refusal(&self, operation: &str, fault: Fault) -> Reply;

    /// The answer with the page it belongs to named as the next one; `None` for what is no later page.
    fn circular(&self, request: &Request, reply: &Reply) -> Option<Reply>;

    /// What it holds, but for the values, for whoever looks from outside the process.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Does what [`control`](super::control) asks of this service alone; `None` where there is no such thing.
    fn control(&mut self, _verb: &str, _how: &Value) -> Option<Value> {
        None
    }
}

/// A running fake; it ends when this is dropped.
pub struct Fake<S> {
    /// Its address.
    pub address: String,
    inner: Arc<Mutex<Inner<S>>>,
    _end: oneshot::Sender<()>,
}

/// The service, and what its server knows of it.
pub(super) struct Inner<S> {
    pub(super) service: S,
    pub(super) faults: Faults,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) rejected: u64,
    pub(super) latency: Duration,
    pub(super) quotas: Option<Quotas>,
}

/// What is said to a request.
enum Told {
    Whole(Reply),
    Half(Reply),
    Nothing,
    Never,
}

impl<S: Service> Fake<S> {
    /// Starts one on plain http.
    pub fn start(service: S) -> Self {
        Self::start_on(service, "http://127.0.0.1", None)
    }

    /// Starts one on https alone, as `localhost`.
    pub fn start_secure(service: S, authority: &Authority) -> Self {
        Self::start_on(service, "https://localhost", Some(authority.acceptor()))
    }

    fn start_on(service: S, host: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let inner = Inner {
            service,
            faults: Faults::default(),
            counts: BTreeMap::new(),
            rejected: 0,
            latency: Duration::ZERO,
            quotas: None,
        };
        let inner = Arc::new(Mutex::new(inner));
        let (end, ended) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let shared = Arc::clone(&inner);
        // A thread of its own: a test that waits for the program must not keep its server from answering.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(format!("{host}:{}", listener.local_addr().unwrap().port())).unwrap();
                tokio::select! {
                    () = accept(listener, tls, shared) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address: address.recv().unwrap(), inner, _end: end }
    }

    /// The service itself, to look behind its back or to change it there.
    pub fn with<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        look(&mut self.lock().service)
    }

    /// Lets the next request of a family fail.
    pub fn fail(&self, family: Family, fault: Fault) {
        self.fail_often(Aim::Family(family), 1, fault);
    }

    /// Lets the next `times` requests fail.
    pub fn fail_often(&self, aim: Aim, times: usize, fault: Fault) {
        self.lock().faults.plan(aim, times, fault);
    }

    /// Lets nothing more of what was planned go wrong.
    pub fn calm(&self) {
        self.lock().faults = Faults::default();
    }

    /// How many planned faults have not come.
    pub fn faults_waiting(&self) -> usize {
        self.lock().faults.waiting()
    }

    /// How often each operation was asked for since this was last asked.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.lock().counts)
    }

    /// How many requests came too fast since this was last asked.
    pub fn rejected(&self) -> u64 {
        std::mem::take(&mut self.lock().rejected)
    }

    /// Lets every answer take so long.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Enforces the service's quotas from now on.
    pub fn enforce_quotas(&self) {
        self.lock().quotas = Some(Quotas::default());
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap()
    }
}

impl<S: Service> Inner<S> {
    fn told(&mut self, request: &Request) -> Told {
        if let Some(reply) = control::answer(self, request) {
            return Told::Whole(reply);
        }
        let operation = self.service.operation(request);
        *self.counts.entry(operation.clone()).or_default() += 1;
        if let Some(quotas) = &mut self.quotas
            && !quotas.admit(&self.service.quotas(&operation, request), Instant::now())
        {
            self.rejected += 1;
            return Told::Whole(self.service.refusal(&operation, Fault::Throttled));
        }
        let family = self.service.family(&operation);
        if let Some(fault) = self.faults.take(family, &operation, |fault| Fault::WITHOUT_EFFECT.contains(&fault)) {
            return if fault == Fault::Cut {
                Told::Nothing
            } else {
                Told::Whole(self.service.refusal(&operation, fault))
            };
        }
        let reply = self.service.answer(request);
        let circular = self.service.circular(request, &reply);
        let fits = |fault| fault != Fault::Circular || circular.is_some();
        match self.faults.take(family, &operation, fits) {
            Some(Fault::Lost) => Told::Nothing,
            Some(Fault::Silent) => Told::Never,
            Some(Fault::Torn) => Told::Half(reply),
            Some(Fault::Circular) => Told::Whole(circular.unwrap_or(reply)),
            _ => Told::Whole(reply),
        }
    }
}

async fn accept<S: Service>(listener: TcpListener, tls: Option<TlsAcceptor>, inner: Arc<Mutex<Inner<S>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(secure(stream, tls.clone(), Arc::clone(&inner)));
    }
}

/// Agrees on TLS first where there is to be any.
async fn secure<S: Service>(stream: TcpStream, tls: Option<TlsAcceptor>, inner: Arc<Mutex<Inner<S>>>) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, inner).await,
        // Who does not trust us says so and goes.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream, inner).await;
            }
        }
    }
}

async fn converse<S: Service>(stream: impl AsyncRead + AsyncWrite + Unpin, inner: Arc<Mutex<Inner<S>>>) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    while let Some(request) = receive(&mut reader).await {
        let (told, latency) = {
            let mut inner = inner.lock().unwrap();
            (inner.told(&request), inner.latency)
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let lives = match told {
            Told::Whole(reply) => send(&mut writer, &reply, reply.body.len()).await,
            Told::Half(reply) => send(&mut writer, &reply, reply.body.len() / 2).await,
            Told::Nothing => false,
            // Until whoever asked has had enough.
            Told::Never => receive(&mut reader).await.is_some(),
        };
        if !lives {
            return;
        }
    }
}
