//! A strict stand-in for what the real core cannot do: standbys, namespaces, lost answers, folders with impossible names.
//!
//! It answers only what it was told to expect, in HTTP/1.1 with one request a connection; everything else is a 599.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path, such as `GET /v1/sys/health`.
    pub line: String,
    /// Headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Told {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, Value),
    /// A status, a content type and a text.
    Text(u16, &'static str, String),
    /// The connection is closed without a word.
    Silence,
}

/// A running stub.
pub struct Stub {
    /// Its address.
    pub address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A plain answer.
pub fn answer(status: u16, body: Value) -> Told {
    Told::Answer(status, Vec::new(), body)
}

/// What Vault answers to questions about a token and a KV v2 mount `secret/`.
pub fn usual(line: &str) -> Option<Told> {
    let wrap = |data: Value| {
        json!({
            "request_id": "r", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data,
            "wrap_info": null, "warnings": null, "auth": null,
        })
    };
    let token = json!({
        "accessor": "a", "creation_time": 1, "creation_ttl": 0, "display_name": "token", "entity_id": "", "expire_time": null,
        "explicit_max_ttl": 0, "id": "hvs.x", "meta": null, "num_uses": 0, "orphan": true, "path": "auth/token/create",
        "policies": ["root"], "ttl": 0,
    });
    match line {
        "GET /v1/auth/token/lookup-self" => Some(answer(200, wrap(token))),
        "GET /v1/sys/internal/ui/mounts/secret/" => {
            Some(answer(200, wrap(json!({"type": "kv", "path": "secret/", "options": {"version": "2"}}))))
        }
        _ => None,
    }
}

impl Stub {
    /// Answers as `tell` says; `None` is none of its business.
    pub async fn start(tell: impl Fn(&Received) -> Option<Told> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (log, tell) = (Arc::clone(&received), Arc::new(tell));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, tell) = (Arc::clone(&log), Arc::clone(&tell));
                tokio::spawn(async move {
                    if let Some((mut stream, request)) = receive(stream).await {
                        log.lock().unwrap().push(request.clone());
                        let told = tell(&request).unwrap_or_else(|| answer(599, json!({"errors": [request.line]})));
                        let answer = match told {
                            Told::Answer(status, headers, Value::Null) => spelled(status, &headers, ""),
                            Told::Answer(status, headers, body) => spelled(status, &headers, &body.to_string()),
                            Told::Text(status, kind, text) => {
                                spelled(status, &[("content-type", kind.to_owned())], &text)
                            }
                            Told::Silence => return,
                        };
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Self { address, received }
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
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
    let body = String::from_utf8(body).ok()?;
    Some((reader.into_inner(), Received { line, headers, body }))
}

fn spelled(status: u16, headers: &[(&str, String)], body: &str) -> String {
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
}
