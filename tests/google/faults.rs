//! What can go wrong with a request, wherever in the life of a secret: a run may fail of it, the next one does not, and no
//! value is ever written wrongly or twice.

use std::collections::BTreeMap;

use secretferry::model::Family;
use serde_json::{Value, json};

use crate::fakes::fault::{Aim, Fault};
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::Fake;
use crate::ferry::Ferry;

const MANY: usize = 8;
const POLICY: &str = "kinds = ['variables']\npolicy = { deletes = 'owned', absent-for = 1, max-shrink = '100%', \
                      max-deletes = { count = 100, percent = 100 }, allow-final-deletes = true }";

/// A project, and a job that keeps it equal to a file.
struct Life {
    fake: Fake<SecretManager>,
    ferry: Ferry,
}

impl Life {
    fn begin() -> Self {
        let fake = SecretManager::start();
        let target = format!(
            "kind = 'gcp-secret-manager'\nproject = '{PROJECT}'\nendpoint-url = '{}'\ntimeout = '1s'\n\
             auth = {{ method = 'token', token = {{ env = 'KEY' }} }}\n\
             pace = {{ list = 1e6, read = 1e6, write = 1e6, delete = 1e6 }}",
            fake.address
        );
        let source = "kind = 'local-files'\nvariables-file = 'variables.json'";
        let ferry = Ferry::new(&[("source", source), ("target", &target)], &[("job", "source", "target")], POLICY);
        Self { fake, ferry: ferry.with_key(TOKEN) }
    }

    /// Sets what the source holds, lets requests go wrong, and runs; then runs once more in peace.
    fn turn(&self, texts: &BTreeMap<String, String>, aim: &Aim, (fault, times): (Fault, usize)) {
        std::fs::write(self.ferry.path("variables.json"), json!(texts).to_string()).unwrap();
        self.fake.fail_often(aim.clone(), times, fault);
        let (_, first, _) = self.ferry.ended(&["apply", "--yes"]);
        assert!(self.fake.faults_waiting() < times, "{aim:?} {fault:?}: nothing went wrong");
        self.fake.calm();
        let second = self.ferry.run(&["apply", "--yes"], 0);
        let verified = self.ferry.run(&["verify"], 0);
        assert_eq!(verified["equal"], texts.len(), "{aim:?} {fault:?}\n{first:#}\n{second:#}");
    }

    /// Checks that the project holds these texts, each with so many versions, and nothing else.
    fn holds(&self, texts: &BTreeMap<String, String>, versions: usize, told: &str) {
        self.fake.with(|google| {
            for (id, text) in texts {
                let name = format!("airflow-variables-{id}");
                assert_eq!(google.secrets.text(&name), Some(text.as_str()), "{told}");
                assert_eq!(google.secrets.secret(&name).unwrap().versions.len(), versions, "{told}: {name}");
            }
            assert_eq!(google.secrets.all().count(), texts.len(), "{told}");
        });
    }

    /// How many secrets there are, and how many versions in all.
    fn counted(&self) -> (usize, usize) {
        self.fake.with(|google| {
            let secrets = google.secrets.all();
            secrets.fold((0, 0), |(count, versions), secret| (count + 1, versions + secret.versions.len()))
        })
    }
}

fn texts(many: usize, text: &str) -> BTreeMap<String, String> {
    (0..many).map(|number| (format!("key_{number}"), format!("{text} {number}"))).collect()
}

fn of(method: &str) -> Aim {
    Aim::Operation(format!("secretmanager.{method}"))
}

/// A secret is made in two steps, changed, deleted for good and made anew, and each time something goes wrong.
fn lived(fault: (Fault, usize)) {
    let (old, new, few) = (texts(MANY, "old"), texts(MANY, "new"), texts(MANY / 2, "new"));
    for step in ["CreateSecret", "AddSecretVersion"] {
        let life = Life::begin();
        let told = |what: &str| format!("{what}, {step}: {fault:?}");
        life.turn(&old, &of(step), fault);
        life.holds(&old, 1, &told("made"));
        life.turn(&new, &of("AddSecretVersion"), fault);
        life.holds(&new, 2, &told("changed"));
        life.turn(&few, &Aim::Family(Family::Delete), fault);
        life.holds(&few, 2, &told("deleted"));
        life.turn(&texts(MANY, "new"), &of(step), fault);
        // Those that stayed have the versions they had; those that were deleted begin at one.
        assert_eq!(life.counted(), (MANY, MANY / 2 * 3), "{}", told("made anew"));
    }
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
fn a_project_that_stays_broken_ends_the_run_and_harms_nothing() {
    lived((Fault::Broken, 1_000));
}

#[test]
fn a_listing_or_a_look_that_breaks_is_never_taken_for_less() {
    let all = [Fault::WITHOUT_EFFECT.as_slice(), Fault::OF_UNKNOWN_EFFECT.as_slice()].concat();
    let once = all.into_iter().flat_map(|fault| [Family::List, Family::Read].map(|family| (family, (fault, 1))));
    let always = [Fault::Broken, Fault::Torn].map(|fault| (Family::List, (fault, 100)));
    at_once(once.chain(always), |(family, fault)| {
        let life = Life::begin();
        life.turn(&texts(MANY, "old"), &Aim::Family(family), fault);
        life.holds(&texts(MANY, "old"), 1, &format!("{family:?} {fault:?}"));
    });
}

/// The test must be able to fail: a version too many is seen.
#[test]
#[should_panic(expected = "2 versions too many")]
fn a_version_too_many_is_seen() {
    let life = Life::begin();
    life.turn(&texts(MANY, "old"), &Aim::Family(Family::List), (Fault::Throttled, 1));
    life.fake.with(|google| (0..2).for_each(|_| google.secrets.put("airflow-variables-key_0", "old 0")));
    life.holds(&texts(MANY, "old"), 1, "2 versions too many");
}

/// A create that was cut short between its two steps, and whoever made it is gone: the secret is filled, not made again.
#[test]
fn a_secret_that_never_got_its_value_is_finished_by_the_next_run() {
    let life = Life::begin();
    life.fake.with(|google| google.secrets.put_empty("airflow-variables-key_0"));
    std::fs::write(life.ferry.path("variables.json"), json!(texts(2, "old")).to_string()).unwrap();
    let run: Value = life.ferry.run(&["apply", "--yes"], 0);
    life.holds(&texts(2, "old"), 1, &format!("{run:#}"));
}

/// What the reference calls optional may be missing: etags, checksums, counts, the details of errors.
#[test]
fn a_server_that_says_no_more_than_it_must_is_enough() {
    let life = Life::begin();
    life.fake.with(|google| google.is_sparse = true);
    let lost = (Fault::Lost, 1);
    life.turn(&texts(MANY, "old"), &of("CreateSecret"), lost);
    life.holds(&texts(MANY, "old"), 1, "made");
    life.turn(&texts(MANY, "new"), &of("AddSecretVersion"), lost);
    life.holds(&texts(MANY, "new"), 2, "changed");
    life.turn(&texts(MANY / 2, "new"), &of("DeleteSecret"), lost);
    life.holds(&texts(MANY / 2, "new"), 2, "deleted");
}

/// Does all of these at one time: what they do is wait.
fn at_once<T: Send>(all: impl IntoIterator<Item = T>, each: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for one in all {
            scope.spawn(|| each(one));
        }
    });
}
