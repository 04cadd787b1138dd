//! What is measured, in which order: always ours and the others in turn, on the same server, in the same minute.

use std::time::Duration;

use crate::bare::Bare;
use crate::ferry::Ferry;
use crate::figures::{Figures, Line};
use crate::metastore::Metastore;
use crate::python::by_hand;
use crate::vault::Vault;

/// Requests at once, the program's own default.
pub const WIDTH: usize = 16;
/// How many bytes a value has.
const USUAL_VALUE: usize = 100;
/// The usual way is slow, and its rate is the same for more.
const BY_HAND: usize = 1000;
/// Below this a run is short, and the middle one of several counts.
const SHORT: usize = 10_000;

/// A metastore of `size` secrets: carried, carried again, changed by one in a hundred, and carried without marks.
pub async fn of_size(figures: &mut Figures, size: usize) {
    let vault = Vault::counting();
    for _ in 0..if size < SHORT { 3 } else { 1 } {
        let metastore = Metastore::make(size, USUAL_VALUE).await;
        let (ours, theirs, bare) = ("ours", "theirs", "bare");
        for mount in [ours, theirs, bare] {
            vault.mount_at(mount, 2).await;
        }
        vault.calls("").await;
        let ferry = Ferry::new(&metastore, &vault.address, ours, &vault.token);
        let client = Bare::new(&vault, theirs, size, USUAL_VALUE);

        let first = ferry.apply("created", size);
        let calls = vault.calls(ours).await;
        figures.add(Line::new(size, "first", size, first, client.first().await).with_calls(calls));

        vault.calls("").await;
        let idle = ferry.apply("kept", size);
        let calls = vault.calls(ours).await;
        figures.add(Line::new(size, "idle", size, idle, client.idle().await).with_calls(calls));

        let changed = metastore.change();
        vault.calls("").await;
        let run = ferry.apply("updated", changed);
        let calls = vault.calls(ours).await;
        figures.add(Line::new(size, "1 % changed", size, run, client.changed().await).with_calls(calls));

        without_marks(figures, &vault, &metastore, bare).await;
        for mount in [ours, theirs, bare] {
            vault.unmount(mount).await;
        }
    }
}

/// Beside the bare client and the usual way, neither of which marks anything.
async fn without_marks(figures: &mut Figures, vault: &Vault, metastore: &Metastore, mount: &str) {
    let size = metastore.count;
    let token = vault.token_without_marks(mount).await;
    let ferry = Ferry::new(metastore, &vault.address, mount, &token);
    vault.calls("").await;
    let first = ferry.apply("created", size);
    let calls = vault.calls(mount).await;
    for mount in ["bare-2", "python"] {
        vault.mount_at(mount, 2).await;
    }
    let bare = Bare::new(vault, "bare-2", size, USUAL_VALUE).first_without_marks().await;
    let python = by_hand(metastore, vault, "python", size.min(BY_HAND));
    figures.add(Line::new(size, "first, no marks", size, first, bare).with_calls(calls).with_python(python));
    for mount in ["bare-2", "python"] {
        vault.unmount(mount).await;
    }
}

/// The same number of secrets, small and large: the memory must not follow.
pub async fn of_value_sizes(figures: &mut Figures) {
    let vault = Vault::counting();
    for size in [100, 1_000, 10_000, 100_000] {
        let metastore = Metastore::make(1000, size).await;
        vault.mount_at("sized", 2).await;
        let ferry = Ferry::new(&metastore, &vault.address, "sized", &vault.token);
        let first = ferry.apply("created", 1000);
        let idle = ferry.apply("kept", 1000);
        figures.add_value_size(size, first.peak, idle.peak);
        vault.unmount("sized").await;
    }
}

/// So many a second.
pub fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
