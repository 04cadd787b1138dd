//! A receiver of webhooks on this machine, that answers as a test wishes and keeps what came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is answered, one after the other; the last for ever.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    Header(u16, &'static str, String),
    Silence,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Letter {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// The receiver.
#[derive(Clone)]
pub struct Inbox {
    pub url: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Letter {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Inbox {
    pub async fn open(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook/THE-PATH-IS-SECRET", listener.local_addr().unwrap());
        let answers = answers.iter().rev().cloned().collect();
        let inbox = Self { url, letters: Arc::default(), answers: Arc::new(Mutex::new(answers)) };
        let served = inbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inbox = served.clone();
                tokio::spawn(async move { inbox.serve(stream).await });
            }
        });
        inbox
    }

    /// An address at which nobody listens.
    pub async fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/hook", listener.local_addr().unwrap())
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// Waits until so many came.
    pub async fn wait_for(&self, count: usize) -> Vec<Letter> {
        for _ in 0..500 {
            if self.letters().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let letters = self.letters();
        assert!(letters.len() >= count, "{} of {count} came", letters.len());
        letters
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let letter = receive(&mut stream).await?;
            self.letters.lock().unwrap().push(letter);
            let answer = {
                let mut answers = self.answers.lock().unwrap();
                if answers.len() > 1 { answers.pop() } else { answers.last().cloned() }
            };
            let (status, header) = match answer? {
                Answer::Status(status) => (status, String::new()),
                Answer::Header(status, name, text) => (status, format!("{name}: {text}\r\n")),
                Answer::Silence => std::future::pending().await,
            };
            let head = format!("HTTP/1.1 {status} X\r\n{header}content-length: 0\r\n\r\n");
            stream.get_mut().write_all(head.as_bytes()).await.ok()?;
        }
    }
}

async fn receive(stream: &mut BufReader<TcpStream>) -> Option<Letter> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let header = |line: &String| line.split_once(": ").map(|(name, text)| (name.to_lowercase(), text.to_owned()));
    let headers: BTreeMap<_, _> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Letter { path, headers, body })
}
