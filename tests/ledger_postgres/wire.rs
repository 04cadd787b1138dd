//! A wire to the server that can be cut, or go dead without a word.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::world::server;

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It arrives.
    Whole,
    /// Both ends see the connection end, and no new one begins.
    Cut,
    /// Nothing arrives, and nobody is told.
    Dead,
}

/// A wire.
pub struct Wire {
    /// Its near end, `host:port`.
    pub address: String,
    state: Arc<watch::Sender<State>>,
}

impl Wire {
    /// A whole one.
    pub async fn new() -> Self {
        Self::from("127.0.0.1").await
    }

    /// A whole one whose near end has another address.
    pub async fn from(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(watch::Sender::new(State::Whole));
        let told = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let told = told.subscribe();
                tokio::spawn(async move {
                    if *told.borrow() == State::Cut {
                        return;
                    }
                    let far = TcpStream::connect(server()).await.unwrap();
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(carry(near_in, far_out, told.clone()), carry(far_in, near_out, told));
                });
            }
        });
        Self { address, state }
    }

    /// Makes it whole again for those who connect anew.
    pub fn mend(&self) {
        self.state.send_replace(State::Whole);
    }

    /// Cuts it.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets it go dead.
    pub fn deaden(&self) {
        self.state.send_replace(State::Dead);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = [0; 8192];
    loop {
        let now = *state.borrow_and_update();
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = from.read(&mut bytes), if now == State::Whole => match read {
                Ok(count) if count > 0 => if to.write_all(&bytes[..count]).await.is_err() { return },
                _ => return,
            },
            () = std::future::ready(()), if now == State::Cut => return,
        }
    }
}
