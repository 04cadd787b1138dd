//! What the stores tell of our tokens, put on the board.

use std::sync::Arc;

use super::board::{Board, StoreView};
use crate::model::{Event, Observer, TokenLife};

/// Hears of tokens' lives.
#[derive(Debug, Clone)]
pub struct Witness(pub Arc<Board>);

impl Observer for Witness {
    fn observe(&self, event: &Event) {
        let Event::TokenLife { store, life } = event else { return };
        self.0.change(|view| {
            // A store logs in before its first check is over; that fills in the rest.
            let fresh = || StoreView {
                kind: String::new(),
                location: String::new(),
                roles: Vec::new(),
                checked_at: None,
                findings: Vec::new(),
                token: TokenLife::default(),
            };
            view.stores.entry(store.clone()).or_insert_with(fresh).token = *life;
        });
    }
}
