//! What names become: renames, prefixes and templates; and back; and what two jobs' mappings make meet.

use proptest::prelude::*;
use secretferry::model::{Kind, SecretName};
use secretferry::naming::{Mapping, Renamed, Template};

use super::connection;

fn mapping(renames: &[(&str, &str)], strip: &str, template: &str) -> Mapping {
    let renames = renames.iter().map(|(old, new)| (Renamed::parse(old), (*new).to_owned()));
    Mapping::new(renames, Some(strip), Template::parse(template).expect("a template"))
}

fn target(mapping: &Mapping, kind: Kind, id: &str) -> String {
    mapping.target(&SecretName::new(kind, id)).id
}

#[test]
fn an_exact_rename_wins_then_the_prefix_goes_then_the_template_comes() {
    let mapping = mapping(&[("db_main", "main"), ("variables/x", "v"), ("x", "y")], "db_", "prod/{kind}/{id}");
    for (kind, id, expected) in [
        (Kind::Connection, "db_main", "main"),
        (Kind::Connection, "x", "y"),
        (Kind::Variable, "x", "v"),
        (Kind::Connection, "db_other", "prod/connection/other"),
        (Kind::Variable, "db_other", "prod/variable/other"),
        (Kind::Config, "plain", "prod/config/plain"),
        (Kind::Connection, "db_", "prod/connection/db_"),
    ] {
        assert_eq!(target(&mapping, kind, id), expected, "{kind} {id}");
    }
    let of_team = connection("db_a").of_team("red");
    assert_eq!(mapping.target(&of_team), connection("prod/connection/a").of_team("red"));
}

#[test]
fn nothing_said_keeps_every_name() {
    assert!(Mapping::default().is_identity() && mapping(&[], "", "{id}").is_identity());
    assert_eq!(target(&Mapping::default(), Kind::Variable, "a b/c"), "a b/c");
    assert_eq!(Mapping::default().sources(&connection("x")), [connection("x")]);
    assert!(!mapping(&[], "", "x{id}").is_identity());
}

#[test]
fn a_name_of_the_target_leads_back_to_every_name_that_could_have_become_it() {
    let mapping = mapping(&[("old", "new"), ("connections/older", "new"), ("db_gone", "kept")], "db_", "{id}");
    for (id, expected) in [
        ("new", &["db_new", "new", "old", "older"][..]),
        ("old", &["db_old"]),
        ("gone", &["gone"]),
        ("kept", &["db_gone", "db_kept", "kept"]),
        ("db_x", &["db_db_x"]),
        ("db_", &["db_", "db_db_"]),
    ] {
        let ids: Vec<_> = mapping.sources(&connection(id)).into_iter().map(|name| name.id).collect();
        assert_eq!(ids, expected, "{id}");
    }
    let ids = mapping.sources(&SecretName::new(Kind::Variable, "new"));
    assert!(!ids.contains(&SecretName::new(Kind::Variable, "older")), "{ids:?}");
}

#[test]
fn templates_say_what_is_wrong_with_them() {
    for (text, expected) in [
        ("prod/{id}", "-"),
        ("{kind}-{kind}-{id}-{kind}", "-"),
        ("{name}", "the placeholder {name} means nothing"),
        ("{ID}", "the placeholder {ID} means nothing"),
        ("{}{id}", "the placeholder {} means nothing"),
        ("prod", "{id} is missing"),
        ("{kind}", "{id} is missing"),
        ("", "{id} is missing"),
        ("{id}{id}", "{id} may stand there once only"),
        ("{id", "a brace stands alone"),
        ("id}", "a brace stands alone"),
        ("{id}}", "a brace stands alone"),
    ] {
        let told = Template::parse(text).map_or_else(|error| error.to_string(), |_| "-".to_owned());
        assert!(told.starts_with(expected), "{text}: {told}");
    }
}

fn any_id() -> impl Strategy<Value = String> {
    "[ap_]{1,4}"
}

proptest! {
    #[test]
    fn every_name_is_found_again_among_the_sources_of_what_it_becomes(
        renames in prop::collection::btree_map(any_id(), any_id(), 0..3),
        strip in "[ap_]{0,2}", before in "[ap_]{0,2}", after in "[ap_]{0,2}", id in any_id(), other in any_id(),
    ) {
        let renames = renames.iter().map(|(old, new)| (Renamed::parse(old), new.clone()));
        let template = Template::parse(&format!("{before}{{id}}{after}")).expect("a template");
        let mapping = Mapping::new(renames, Some(&strip), template);
        let (name, other) = (connection(&id), connection(&other));
        prop_assert!(mapping.sources(&mapping.target(&name)).contains(&name));
        let becomes = mapping.target(&other) == name;
        prop_assert_eq!(mapping.sources(&name).contains(&other), becomes);
    }
}
