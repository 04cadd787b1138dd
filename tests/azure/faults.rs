//! What can go wrong with a request, wherever in the life of a secret: a run may fail of it, the next one does not, and no
//! value is ever written wrongly or twice.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use secretferry::model::Family;
use serde_json::{Value, json};

use crate::carried::table;
use crate::fakes::azure::{CLIENT_SECRET, Vault};
use crate::fakes::fault::{Aim, Fault};
use crate::ferry::Ferry;

const MANY: usize = 8;
const POLICY: &str = "kinds = ['variables']\npolicy = { deletes = 'owned', absent-for = 1, max-shrink = '100%', \
                      max-deletes = { count = 100, percent = 100 }, tombstone = 'restore' }";

/// A vault, and a job that keeps it equal to a file.
struct Life {
    vault: Vault,
    ferry: Ferry,
}

impl Life {
    fn begin() -> Self {
        let vault = Vault::start();
        let target = table(&vault, "timeout = '1s'\npace = { all = 1e6, create = 1e6 }");
        let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
        let ferry = Ferry::new(&[("source", source), ("target", &target)], &[("job", "source", "target")], POLICY);
        Self { vault, ferry: ferry.with_key(CLIENT_SECRET) }
    }

    /// Sets what the source holds, lets the next `times` requests of a family go wrong, and runs; then runs once more in peace.
    fn turn(&self, texts: &BTreeMap<String, String>, family: Family, (fault, times): (Fault, usize)) -> [Value; 2] {
        std::fs::write(self.ferry.path("variables.json"), json!(texts).to_string()).unwrap();
        self.vault.fail_often(Aim::Family(family), times, fault);
        let first = self.ferry.ended(&["apply", "--yes"]).1;
        assert!(self.vault.faults_waiting() < times, "{family:?} {fault:?}: nothing went wrong");
        self.vault.calm();
        let second = self.ferry.run(&["apply", "--yes"], 0);
        assert_eq!(self.ferry.run(&["verify"], 0)["equal"], texts.len(), "{family:?} {fault:?}\n{first:#}\n{second:#}");
        [first, second]
    }

    /// Checks that the vault holds these texts, each with so many versions, and no other.
    fn holds(&self, texts: &BTreeMap<String, String>, versions: RangeInclusive<usize>, told: &str) {
        self.vault.with(|azure| {
            for (id, text) in texts {
                let name = format!("airflow-variables-{}", id.replace('_', "-"));
                assert_eq!(azure.secrets.text(&name), Some(text.as_str()), "{told}");
                let found = azure.secrets.secret(&name).unwrap().versions.len();
                assert!(versions.contains(&found), "{told}: {found} versions");
            }
            let names = azure.secrets.names();
            let live = names.iter().filter(|name| azure.secrets.text(name).is_some());
            assert_eq!(live.count(), texts.len(), "{told}");
        });
    }
}

fn texts(many: usize, text: &str) -> BTreeMap<String, String> {
    (0..many).map(|number| (format!("key_{number}"), format!("{text} {number}"))).collect()
}

/// A secret is made, changed, deleted and brought back, and each time something goes wrong.
fn lived(fault: (Fault, usize)) {
    let life = Life::begin();
    let told = |what: &str| format!("{what}: {fault:?}");
    let (old, new, few) = (texts(MANY, "old"), texts(MANY, "new"), texts(MANY / 2, "new"));
    life.turn(&old, Family::Write, fault);
    life.holds(&old, 1..=1, &told("made"));
    life.turn(&new, Family::Write, fault);
    life.holds(&new, 2..=2, &told("changed"));
    life.turn(&few, Family::Delete, fault);
    life.holds(&few, 2..=2, &told("deleted"));
    life.turn(&new, Family::Write, fault);
    // What is recovered is written anew.
    life.holds(&new, 2..=3, &told("brought back"));
}

#[test]
fn what_has_no_effect_is_tried_again() {
    at_once(Fault::WITHOUT_EFFECT, |fault| lived((fault, 1)));
}

#[test]
fn what_may_have_had_an_effect_is_looked_at_before_anything_is_done() {
    at_once(Fault::OF_UNKNOWN_EFFECT, |fault| lived((fault, 2)));
}

#[test]
fn a_vault_that_stays_broken_ends_the_run_and_harms_nothing() {
    lived((Fault::Broken, 1_000));
}

#[test]
fn a_listing_or_a_look_that_breaks_is_never_taken_for_less() {
    let all = [Fault::WITHOUT_EFFECT.as_slice(), Fault::OF_UNKNOWN_EFFECT.as_slice()].concat();
    let once =
        all.into_iter().flat_map(|fault| [Family::List, Family::Stat, Family::Auth].map(|family| (family, (fault, 1))));
    let always = [Fault::Broken, Fault::Torn].map(|fault| (Family::List, (fault, 100)));
    at_once(once.chain(always), |(family, fault)| {
        let life = Life::begin();
        life.turn(&texts(MANY, "old"), family, fault);
        life.holds(&texts(MANY, "old"), 1..=1, &format!("{family:?} {fault:?}"));
    });
}

/// Does all of these at one time: what they do is wait.
fn at_once<T: Send>(all: impl IntoIterator<Item = T>, each: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for one in all {
            scope.spawn(|| each(one));
        }
    });
}
