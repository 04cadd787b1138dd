//! As much of HTTP/1.1 as a service needs: requests with a length, answers with a length, connections that are kept.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// The path and what follows it.
    pub path: String,
    /// Headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, but for the length.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Takes the next request of a connection; `None` where there is none, or what came is no request.
pub async fn receive(reader: &mut (impl AsyncBufRead + Unpin)) -> Option<Request> {
    let mut first = String::new();
    reader.read_line(&mut first).await.ok()?;
    let (method, path) = first.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await.ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    Some(Request { method: method.to_owned(), path: path.to_owned(), headers, body })
}

/// Sends an answer, or as much of it as `part` of its body; tells whether the connection lives.
pub async fn send(writer: &mut (impl AsyncWrite + Unpin), reply: &Reply, part: usize) -> bool {
    let more: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = reply.body.len();
    let mut bytes = format!("HTTP/1.1 {} Said\r\ncontent-length: {length}\r\n{more}\r\n", reply.status).into_bytes();
    bytes.extend_from_slice(&reply.body[..part]);
    writer.write_all(&bytes).await.is_ok() && writer.flush().await.is_ok() && part == length
}
