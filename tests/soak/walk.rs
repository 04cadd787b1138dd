//! One strike after the other, and after each the same questions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ferry::Ended;
use crate::strace::{Counts, Point, Struck, Times, counted, strike};
use crate::world::{Held, Scenario, Target, World};

/// The variable with which `make soak` asks for every point.
const WHOLE: &str = "SECRETFERRY_SOAK";

/// How many runs are given the chance to come to a point.
const ATTEMPTS: usize = 3;

/// A world, and what one clean run makes of it.
pub struct Walk {
    /// Where it happens.
    pub world: World,
    scenario: Scenario,
    /// Those that start the run that is struck.
    arguments: Vec<String>,
    before: Held,
    after: Held,
    files: BTreeSet<String>,
    /// The calls of the clean run.
    pub counts: Counts,
}

impl Walk {
    /// Lets one clean run show what is right, and holds it against the source.
    pub async fn begin(scenario: Scenario, target: Target) -> Self {
        let world = World::new(target).await;
        let arguments = world.prepare(scenario).await;
        let before = unmarked(&world.held().await);
        let (ended, counts) = counted(world.folder(), &borrowed(&arguments)).await;
        ended.with_code(0);
        let held = world.held().await;
        let wanted = World::wanted(scenario, target);
        assert_eq!(held.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        for (key, (value, version)) in &wanted {
            assert_eq!(held[key]["value"], *value, "{key}");
            assert!(target == Target::Files || held[key]["version"] == *version, "{key}: {}", held[key]);
        }
        Self { scenario, arguments, before, after: unmarked(&held), files: world.files(), counts, world }
    }

    /// Makes everything as it is before the run that is struck.
    pub async fn prepare(&mut self) {
        self.arguments = self.world.prepare(self.scenario).await;
    }

    /// Lets that run go undisturbed.
    pub async fn run(&self) -> Ended {
        self.world.ferry(borrowed(&self.arguments)).await
    }

    /// Strikes at a run. Where chance gives it too few calls to come to `point`, another is tried.
    pub async fn strike(&mut self, point: &Point, deed: &str, times: Times) -> Struck {
        for _ in 1..ATTEMPTS {
            self.prepare().await;
            let struck = strike(self.world.folder(), &borrowed(&self.arguments), point, deed, times).await;
            if struck.happened {
                return struck;
            }
        }
        self.prepare().await;
        strike(self.world.folder(), &borrowed(&self.arguments), point, deed, times).await
    }

    /// Insists that the ledger knows of everything that was changed.
    pub async fn nothing_was_done_unannounced(&self) {
        let (_, intents) = self.world.intents(self.scenario.earlier_runs()).await;
        let now = unmarked(&self.world.held().await);
        let changed = differing(&now, &self.before);
        let unannounced: Vec<_> = changed.into_keys().filter(|key| !intents.contains(key)).collect();
        assert!(unannounced.is_empty(), "changed without an intent: {unannounced:?}, of {intents:?}");
    }

    /// Runs once more, and insists that now all is as one clean run makes it.
    pub async fn one_more_run_mends_all(&self) {
        let again = self.run().await;
        assert_eq!(again.code, Some(0), "the run after: {again:?}");
        self.is_as_if_it_had_run_once().await;
        self.nothing_is_left_to_do().await;
        let proof = self.world.ferry(["audit", "verify", "--json"]).await.with_code(0).json();
        assert_eq!(proof["whole"], true, "{proof:#}");
    }

    async fn nothing_is_left_to_do(&self) {
        if self.scenario == Scenario::Undo {
            let idle = self.run().await.with_code(0).json();
            let outcomes = idle["outcomes"].as_array().unwrap();
            assert!(outcomes.iter().all(|step| step["outcome"] == "kept"), "{idle:#}");
            self.is_as_if_it_had_run_once().await;
        } else {
            self.world.ferry(["plan", "--exit-code"]).await.with_code(0);
        }
    }

    /// Insists that the target, and the folder, are as one clean run makes them.
    pub async fn is_as_if_it_had_run_once(&self) {
        let held = self.world.held().await;
        let differing = differing(&unmarked(&held), &self.after);
        assert!(differing.is_empty(), "not as one run makes it: {differing:#?}");
        let (ledger, _) = self.world.intents(0).await;
        let ledger = Value::from(ledger.unwrap());
        for (key, found) in held.iter().filter(|(_, found)| found["mark"].is_object()) {
            let owners = found["mark"].as_object().unwrap().values().filter(|text| **text == ledger).count();
            assert_eq!(owners, 1, "{key} does not carry our mark: {found}");
        }
        assert_eq!(self.world.files(), self.files, "files that a clean run does not leave");
    }
}

/// The keys that are not the same, each with what is found and what should be.
fn differing(found: &Held, right: &Held) -> BTreeMap<String, (Option<Value>, Option<Value>)> {
    let keys: BTreeSet<_> = found.keys().chain(right.keys()).collect();
    let both = keys.into_iter().map(|key| (key.clone(), (found.get(key).cloned(), right.get(key).cloned())));
    both.filter(|(_, (found, right))| found != right).collect()
}

/// The same without the ledger's id, which each ledger has anew.
fn unmarked(held: &Held) -> Held {
    let mut held = held.clone();
    for mark in held.values_mut().filter_map(|found| found.get_mut("mark")?.as_object_mut()) {
        for text in mark.values_mut() {
            if text.as_str().is_some_and(|text| text.len() == 36 && text.matches('-').count() == 4) {
                *text = "the ledger".into();
            }
        }
    }
    held
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Tells whether every point is asked for.
pub fn is_whole() -> bool {
    std::env::var_os(WHOLE).is_some()
}

/// All points, or a few spread evenly over them.
pub fn sampled(points: Vec<Point>, few: usize) -> Vec<Point> {
    if is_whole() || points.len() <= few {
        return points;
    }
    (0..few).map(|index| points[(index * points.len() + points.len() / 2) / few].clone()).collect()
}

/// Which points were struck, and which the run did not come to.
#[derive(Debug, Default)]
pub struct Tally {
    struck: usize,
    missed: Vec<String>,
}

impl Tally {
    /// Counts an attempt. A point may be missed because chance gave the run fewer calls, and for no other reason.
    pub fn add(&mut self, point: &Point, struck: &Struck) {
        if struck.happened {
            self.struck += 1;
            return;
        }
        assert!(struck.reached < point.number, "{point:?} was reached and nothing happened: {struck:?}");
        self.missed.push(format!("{point:?}: {} calls", struck.reached));
    }

    /// Insists that nearly all points were struck, and lists the others.
    #[expect(clippy::print_stderr, reason = "which points were missed is for a person to read")]
    pub fn close(self, what: &str) {
        let points = self.struck + self.missed.len();
        eprintln!("{what}: struck {} of {points} points", self.struck);
        self.missed.iter().for_each(|missed| eprintln!("  not reached: {missed}"));
        let most = points.div_ceil(10);
        assert!(self.missed.len() <= most, "too many points were not reached: {:#?}", self.missed);
    }
}
