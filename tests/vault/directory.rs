//! An LDAP directory of one user: it takes a simple bind, and shows the entry of whoever is bound; it refuses everything else.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const BIND: u8 = 0x60;
const BOUND: u8 = 0x61;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const FOUND: u8 = 0x65;
const SIMPLE: u8 = 0x80;
const SUCCESS: u8 = 0;
const INVALID_CREDENTIALS: u8 = 49;
const INSUFFICIENT_RIGHTS: u8 = 50;

/// Serves one user; gives the address.
pub async fn serve(name: &str, password: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ldap://{}", listener.local_addr().unwrap());
    let user = Arc::new((name.as_bytes().to_vec(), password.as_bytes().to_vec()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&user)));
        }
    });
    address
}

async fn answer(mut stream: TcpStream, user: Arc<(Vec<u8>, Vec<u8>)>) -> Option<()> {
    let mut bound = false;
    loop {
        let (_, message) = element(&mut stream).await?;
        let (_, number, rest) = taken(&message)?;
        // An unbind, or anything that this directory does not do, ends the conversation.
        let replies = match taken(rest)? {
            (BIND, request, _) => {
                let code = judged(request, &user)?;
                bound = code == SUCCESS;
                vec![result(BOUND, code)]
            }
            (SEARCH, _, _) if bound => vec![entry(&user.0), result(FOUND, SUCCESS)],
            (SEARCH, _, _) => vec![result(FOUND, INSUFFICIENT_RIGHTS)],
            _ => return None,
        };
        for reply in replies {
            let message = joined(0x30, &[joined(2, &[number.to_vec()]), reply]);
            stream.write_all(&message).await.ok()?;
        }
    }
}

/// A BER element of several, all of them short.
fn joined(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    assert!(content.len() < 0x80, "the names of tests are short");
    [vec![tag, content.len() as u8], content].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    joined(4, &[text.to_vec()])
}

fn result(tag: u8, code: u8) -> Vec<u8> {
    joined(tag, &[vec![0x0a, 1, code], text(b""), text(b"")])
}

/// The user's entry: its name, and the attribute that the name begins with.
fn entry(name: &[u8]) -> Vec<u8> {
    let first = name.split(|byte| *byte == b',').next().unwrap_or_default();
    let at = first.iter().position(|byte| *byte == b'=').unwrap_or_default();
    let attribute = joined(0x30, &[text(&first[..at]), joined(0x31, &[text(&first[at + 1..])])]);
    joined(ENTRY, &[text(name), joined(0x30, &[attribute])])
}

fn judged(request: &[u8], user: &(Vec<u8>, Vec<u8>)) -> Option<u8> {
    let (_, _version, rest) = taken(request)?;
    let (_, name, rest) = taken(rest)?;
    let (method, password, _) = taken(rest)?;
    let known = method == SIMPLE && name == user.0 && password == user.1;
    Some(if known { SUCCESS } else { INVALID_CREDENTIALS })
}

/// One BER element from the wire: its tag and content.
async fn element(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let tag = stream.read_u8().await.ok()?;
    let first = stream.read_u8().await.ok()?;
    let mut length = usize::from(first & 0x7f);
    if first & 0x80 != 0 {
        let digits = length;
        length = 0;
        for _ in 0..digits {
            length = (length << 8) | usize::from(stream.read_u8().await.ok()?);
        }
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.ok()?;
    Some((tag, content))
}

/// The first BER element of a short text: its tag, its content, and what follows.
fn taken(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    // Searches may be longer, and are not read.
    let length = if *length < 0x80 { usize::from(*length) } else { rest.len() };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
