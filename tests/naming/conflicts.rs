//! Names that meet under one key, among the names of a run and among the jobs of a config.

use proptest::prelude::*;
use secretferry::model::{Kind, RemoteKey, Severity};
use secretferry::naming::{
    Collision, Conflict, Filter, JobNames, Mapping, Place, Renamed, Rule, Template, collisions, prefix_overlaps,
    static_conflicts,
};

use super::{bare_connections, connection, prefixes, vault, vault_with_teams, vault_without_mount};

#[test]
fn names_that_meet_under_one_key_are_all_named() {
    let at = |id: &str, key: &str| (connection(id), RemoteKey::new(key));
    let found = collisions([at("b", "k"), at("c", "other"), at("a", "k"), at("c", "other"), at("d", "k")]);
    let names = vec![connection("a"), connection("b"), connection("d")];
    assert_eq!(found, [Collision { key: RemoteKey::new("k"), names }]);
}

/// One job's names, said shortly: include and exclude are split at blanks.
struct Job {
    job: &'static str,
    identity: &'static str,
    rule: Rule,
    kinds: Vec<Kind>,
    include: Vec<String>,
    exclude: Vec<String>,
    mapping: Mapping,
}

impl Job {
    fn new(job: &'static str, include: &str, exclude: &str) -> Self {
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Self {
            job,
            identity: "one place",
            rule: vault(),
            kinds: vec![Kind::Connection],
            include: split(include),
            exclude: split(exclude),
            mapping: Mapping::default(),
        }
    }

    fn names(&self) -> JobNames<'_> {
        JobNames {
            job: self.job,
            store: "target",
            identity: self.identity,
            rule: &self.rule,
            kinds: &self.kinds,
            include: &self.include,
            exclude: &self.exclude,
            mapping: &self.mapping,
        }
    }
}

/// The text for which two jobs meet; `-` where they never do.
fn meeting(one: &Job, other: &Job) -> String {
    match static_conflicts(&[one.names(), other.names()]).as_slice() {
        [] => "-".to_owned(),
        [Conflict::Jobs { example, .. }] => example.clone(),
        more => format!("{more:?}"),
    }
}

#[test]
fn two_jobs_on_one_key_are_found_by_what_their_names_become() {
    let renamed =
        |old: &str, new: &str| Mapping::new([(Renamed::parse(old), new.to_owned())], None, Template::default());
    let dressed =
        |strip: &str, template: &str| Mapping::new([], Some(strip), Template::parse(template).expect("a template"));
    let plain = Mapping::default;
    let rows = [
        ("a", "", renamed("a", "x"), "x", "", plain(), "x"),
        ("a", "", renamed("a", "x"), "a", "", plain(), "-"),
        ("b*", "", renamed("a", "x"), "x", "", plain(), "-"),
        ("*", "a", renamed("a", "x"), "x", "", plain(), "x"),
        ("a*", "a", renamed("a", "x"), "x", "", plain(), "-"),
        ("*", "", renamed("variables/a", "x"), "a", "", plain(), "a"),
        ("*", "", dressed("", "one/{id}"), "*", "", dressed("", "two/{id}"), "-"),
        ("*", "", dressed("", "one/{id}"), "*", "", plain(), "one/z"),
        ("*", "one/*", plain(), "*", "", dressed("", "one/{id}"), "-"),
        ("*", "", dressed("", "{id}_one"), "x*", "", dressed("", "{id}_{kind}"), "-"),
        ("db_*", "", dressed("db_", "{id}"), "main", "", plain(), "main"),
        ("db_*", "db_main", dressed("db_", "{id}"), "main", "", plain(), "-"),
        ("db_*", "", dressed("db_", "{id}"), "db_*", "", plain(), "db_"),
        ("db_?", "", dressed("db_", "{id}"), "db_*", "", plain(), "-"),
        ("*", "", dressed("db_", "x{id}"), "db_*", "", plain(), "-"),
    ];
    for (include, exclude, mapping, other_include, other_exclude, other_mapping, expected) in rows {
        let one = Job { mapping, ..Job::new("one", include, exclude) };
        let other = Job { mapping: other_mapping, ..Job::new("other", other_include, other_exclude) };
        let row = format!("{include} but {exclude} as {:?}, {other_include} as {:?}", one.mapping, other.mapping);
        assert_eq!(meeting(&one, &other), expected, "{row}");
        assert_eq!(meeting(&other, &one), expected, "{row}, turned");
    }
}

#[test]
fn two_jobs_on_one_key_are_found_by_their_globs() {
    let rows = [
        ("*", "", "*", "", "z"),
        ("a*", "", "b*", "", "-"),
        ("team_*", "", "*_db", "", "team_db"),
        ("a?c", "", "ab*", "", "abc"),
        ("a?c", "", "ab", "", "-"),
        ("?", "", "??", "", "-"),
        ("a b", "", "b c", "", "b"),
        ("team_*", "", "*", "team_*", "-"),
        ("team_a_*", "", "*", "team_*", "-"),
        ("team_*", "", "*", "team_a_*", "team_"),
        ("*", "x*", "x*", "", "-"),
        ("*", "*a", "*", "*b", "z"),
        ("a*", "ab*", "*b*", "", "azb"),
        (r"\*", "", "?", "", "*"),
        (r"\*", "", "a", "", "-"),
        ("[ab]*", "", "c*", "", "c"),
        ("x[ab]*", "", "c*", "", "-"),
        ("[ab]*", "", "*", "[ab]*", "-"),
        ("abc", "", "*", "[ab]*", "abc"),
        ("a/**/b", "", "a/b", "", "a/b"),
        ("{a,b}", "", "b", "", "b"),
    ];
    for (include, exclude, other_include, other_exclude, expected) in rows {
        let (one, other) = (Job::new("one", include, exclude), Job::new("other", other_include, other_exclude));
        let row = format!("{include:?} - {exclude:?} and {other_include:?} - {other_exclude:?}");
        assert_eq!(meeting(&one, &other), expected, "{row}");
        assert_eq!(meeting(&other, &one) == "-", expected == "-", "{row}, the other way round");
    }
}

#[test]
fn two_jobs_meet_only_in_one_place_and_under_prefixes_that_meet() {
    let job = || Job::new("one", "*", "");
    let with_rule = |rule| Job { rule, ..Job::new("other", "*", "") };
    assert_eq!(meeting(&job(), &Job { identity: "elsewhere", ..job() }), "-");
    assert_eq!(meeting(&job(), &Job { kinds: vec![Kind::Variable], ..job() }), "-");
    assert_eq!(meeting(&job(), &with_rule(Rule { connections: Place::prefix("other"), ..vault() })), "-");
    assert_eq!(meeting(&job(), &with_rule(Rule { connections: prefixes(&["other", "connections"]), ..vault() })), "-");
    assert_eq!(meeting(&job(), &with_rule(Rule { connections: Place::Off, ..vault() })), "-");
    assert_eq!(meeting(&job(), &with_rule(bare_connections())), "connections/z");
    assert_eq!(
        meeting(&job(), &with_rule(Rule { connections: Place::prefix("connections/deep"), ..vault() })),
        "connections/deep/z"
    );
    assert_eq!(meeting(&job(), &with_rule(vault_with_teams())), "connections/z");
    let swapped = Rule { connections: Place::prefix("variables"), variables: Place::prefix("v"), ..vault() };
    let variables = Job { kinds: vec![Kind::Variable], ..Job::new("one", "*", "") };
    assert_eq!(meeting(&variables, &with_rule(swapped)), "z");
    let bare = Job { rule: bare_connections(), ..Job::new("bare", "*", "[cd]*") };
    assert_eq!(meeting(&Job::new("one", "[cd]*", ""), &bare), "connections/z", "the same words mean other keys there");
    let mounts = |include| Job { rule: vault_without_mount(), ..Job::new("mounts", include, "") };
    assert_eq!(meeting(&mounts("a/*"), &mounts("b/*")), "-");
    assert_eq!(meeting(&mounts("a/*"), &mounts("*/x")), "a/x");
    assert_eq!(meeting(&mounts("connections/y"), &Job::new("one", "connections/y", "")), "connections/y");
    assert_eq!(meeting(&mounts("connections/y"), &with_rule(bare_connections())), "z/connections/z");
}

#[test]
fn conflicts_name_both_jobs_and_an_example() {
    let (one, other) = (Job::new("one", "a*", ""), Job::new("other", "*b", ""));
    let said: Vec<String> = static_conflicts(&[one.names(), other.names()]).iter().map(Conflict::to_string).collect();
    assert_eq!(
        said,
        ["jobs one (to target) and other (to target) may both write `ab`; narrow the kinds, include or exclude of one"]
    );
    let twice = static_conflicts(&[one.names(), one.names()]);
    assert!(twice[0].to_string().starts_with("job one: its targets target and target are one place"), "{}", twice[0]);
    assert_eq!(twice[0].severity(), Severity::Error);
}

#[test]
fn kinds_under_one_prefix_are_an_error_and_nested_ones_a_warning() {
    let said = |rule: &Rule, kinds: &[Kind]| {
        let job = Job { rule: rule.clone(), kinds: kinds.to_vec(), ..Job::new("one", "*", "") };
        let found = static_conflicts(&[job.names()]);
        found.iter().map(|conflict| format!("{}: {conflict}", conflict.severity().as_str())).collect::<Vec<_>>()
    };
    let two = [Kind::Connection, Kind::Variable];
    assert_eq!(said(&vault(), &Kind::ALL), Vec::<String>::new());
    assert_eq!(
        said(&Rule { variables: prefixes(&["v", "connections"]), ..vault() }, &two),
        [
            "error: job one: in target, connections and variables both lie under \"connections\" and cannot be told apart; \
          give each its own prefix"
        ]
    );
    assert_eq!(
        said(&bare_connections(), &two),
        ["warning: job one: in target, connections and variables overlap: \"variables\" lies in \"\"; \
          ids that read as the other kind will be refused"]
    );
    assert_eq!(said(&bare_connections(), &[Kind::Connection]), Vec::<String>::new());
    assert_eq!(prefix_overlaps(&bare_connections(), &Kind::ALL).len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Held against `globset` itself: an id in scope of both jobs is never missed.
    #[test]
    fn an_id_of_two_jobs_is_never_missed(
        include in "[ab*?/]{1,4}", exclude in "[ab*?]{1,3}", other in "[ab*?/]{1,4}", id in "[ab/]{1,4}",
    ) {
        let (one, two) = (Job::new("one", &include, &exclude), Job::new("two", &other, ""));
        let in_scope = |job: &Job| Filter::new(&job.kinds, &job.include, &job.exclude).is_ok_and(|filter| filter.matches(&connection(&id)));
        if in_scope(&one) && in_scope(&two) {
            prop_assert_ne!(meeting(&one, &two), "-");
        }
    }

    /// And an example of globs without `**` is in scope of both.
    #[test]
    fn an_example_is_in_scope_of_both(include in "[ab?/]{0,3}[*]?[ab?/]{1,3}", exclude in "[ab*]{1,3}", other in "[ab?/]{1,3}[*]?[ab]?") {
        let (one, two) = (Job::new("one", &include, &exclude), Job::new("two", &other, ""));
        let example = meeting(&one, &two);
        let in_scope = |job: &Job| Filter::new(&job.kinds, &job.include, &job.exclude).is_ok_and(|filter| filter.matches(&connection(&example)));
        if example != "-" && !exclude.contains("**") {
            prop_assert!(in_scope(&one) && in_scope(&two), "{}", example);
        }
    }
}
