//! What is written is what is read, whatever words a config adds; what others keep in a secret stays.

use proptest::option::of;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, prop_assert, prop_assert_eq, proptest, sample};

use super::*;
use crate::model::{
    Connection, ConnectionDialect, Dialect, Form, Judgement, Kind, NoteKind, Secret, SecretName, TextDialect, judge,
};

fn dialect(aliases: Aliases) -> Dialect {
    Dialect { connection: ConnectionDialect::SecretsManager(aliases), text: TextDialect::Verbatim }
}

fn words(words: &[(Field, &str)]) -> Aliases {
    Aliases::with(words.iter().map(|(field, word)| (*field, vec![(*word).to_owned()])))
}

fn name() -> SecretName {
    SecretName::new(Kind::Connection, "c1")
}

/// What is stored and, for each field, what is noted; or the fields that stop it.
fn judged(aliases: Aliases, connection: Connection) -> String {
    match judge(&name(), &Secret::Connection(connection), &dialect(aliases), Form::Json, &[Reader::Airflow2]) {
        Judgement::Fits { stored, notes, .. } => {
            let notes: String = notes.iter().map(|note| format!(" | {}: {}", note.field, note.kind.as_str())).collect();
            format!("{}{notes}", stored.expose())
        }
        Judgement::Blocked(differences) => {
            format!("!{}", differences.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
        }
    }
}

#[test]
fn what_is_written() {
    let connection = |description: Option<&str>, login: Option<&str>| Connection {
        conn_type: Some("h".into()),
        description: description.map(Into::into),
        host: Some("x".into()),
        login: login.map(Into::into),
        ..Connection::default()
    };
    let plain = || Aliases::default();
    assert_eq!(judged(plain(), connection(None, Some("u"))), r#"{"conn_type": "h", "host": "x", "login": "u"}"#);
    assert_eq!(
        judged(plain(), connection(Some("d"), None)),
        r#"{"conn_type": "h", "host": "x"} | description: not-returned"#
    );
    assert_eq!(
        judged(words(&[(Field::Login, "nick")]), connection(None, Some("u"))),
        r#"{"conn_type": "h", "host": "x", "login": "u"}"#
    );
    // A word that takes the host for the login, too.
    let thief = || words(&[(Field::Login, "host")]);
    let stolen = "!airflow-2: field `login`: it is read as another value";
    assert_eq!(judged(thief(), connection(None, Some("u"))), stolen);
    assert_eq!(judged(thief(), connection(None, None)), stolen);
    assert_eq!(thief().shared(), [("host", Field::Host, Field::Login)]);
    assert_eq!(words(&[(Field::Login, "nick")]).shared(), []);
    assert_eq!(Aliases::field("user"), Some(Field::Login));
    assert_eq!((Aliases::field("extra"), Aliases::field("description")), (Some(Field::Extra), None));
    // Older providers are sources only.
    let old = ConnectionDialect::OldSecretsManager(OldForm::FullUrl, plain());
    assert!(Dialect { connection: old, text: TextDialect::Verbatim }.forms(Kind::Connection).is_empty());
}

#[test]
fn what_others_keep_in_a_secret_stays() {
    let rds = r#"{"engine": "mysql", "username": "old", "password": "old", "port": 1, "dbname": "d"}"#;
    let merged = |aliases, new: &str, existing: &str| {
        let merged = dialect(aliases).merge(Kind::Connection, new.into(), &existing.into());
        merged.map(|merged| merged.expose().to_owned()).map_err(|fault| fault.to_string())
    };
    assert_eq!(
        merged(Aliases::default(), r#"{"conn_type": "postgres", "host": "h", "login": "u", "password": "p"}"#, rds)
            .as_deref(),
        Ok(r#"{"engine": "postgres", "username": "u", "password": "p", "port": null, "dbname": "d", "host": "h"}"#)
    );
    // Another key for the same field, which nobody reads, is no reason to write over it.
    let twice = r#"{"user": "old", "login": "unread"}"#;
    assert_eq!(
        merged(Aliases::default(), r#"{"login": "u"}"#, twice).as_deref(),
        Ok(r#"{"user": "u", "login": "unread"}"#)
    );
    for ours in [r#"{"login": "old", "extra": "{}"}"#, "h://old", "hunter2", "{"] {
        assert_eq!(merged(Aliases::default(), r#"{"host": "h"}"#, ours).as_deref(), Ok(r#"{"host": "h"}"#), "{ours}");
        assert_eq!(merged(Aliases::default(), "h://new", ours).as_deref(), Ok("h://new"), "{ours}");
    }
    let refused = "the entry also holds keys that are no fields of a connection: engine, username, dbname";
    assert_eq!(merged(Aliases::default(), "h://new", rds), Err(refused.to_owned()));
    let thief = words(&[(Field::Login, "engine")]);
    assert_eq!(merged(thief, r#"{"conn_type": "h", "login": "u"}"#, rds), Err(refused.to_owned()));
    let map = |kind| dialect(Aliases::default()).is_map(kind);
    assert!(map(Kind::Connection) && !map(Kind::Variable));
}

const WORDS: [&str; 12] =
    ["login", "user", "pass", "key", "host", "port", "database", "conn_id", "extra", "description", "nick", "dbname"];

fn text() -> impl Strategy<Value = Option<SecretValue>> {
    of(prop_oneof![any::<String>(), Just(String::new()), Just("p%2Fq".to_owned())]
        .prop_map(|text| SecretValue::from(text.as_str())))
}

fn connections() -> impl Strategy<Value = Connection> {
    let extra = of(prop_oneof![Just(r#"{"a":  1.10, "login": "x"}"#), Just("{}"), Just("x"), Just("")]);
    (text(), text(), text(), text(), text(), text(), of(any::<i64>()), extra).prop_map(
        |(conn_type, description, host, login, password, schema, port, extra)| {
            let extra = extra.map(SecretValue::from);
            Connection { conn_type, description, host, login, password, schema, port, extra }
        },
    )
}

fn extra_words() -> impl Strategy<Value = Aliases> {
    let pair = (sample::select(&FIELDS[..]), sample::select(&WORDS[..]));
    collection::vec(pair, 0..4).prop_map(|pairs| words(&pairs))
}

proptest! {
    #[test]
    fn it_carries_what_plain_json_carries_but_for_the_description(connection in connections()) {
        let bare = Connection { description: None, ..connection.clone() };
        let plain = Dialect { connection: ConnectionDialect::Text, text: TextDialect::Verbatim };
        let plain = judge(&name(), &Secret::Connection(bare), &plain, Form::Json, &[]);
        let ours = judge(&name(), &Secret::Connection(connection), &dialect(Aliases::default()), Form::Json, &[]);
        match (plain, ours) {
            (Judgement::Fits { stored, .. }, Judgement::Fits { stored: ours, notes, .. }) => {
                prop_assert_eq!(stored, ours);
                let returned = notes.iter().filter(|note| note.kind == NoteKind::NotReturned);
                prop_assert!(returned.clone().all(|note| note.field == Field::Description));
            }
            (Judgement::Blocked(plain), Judgement::Blocked(ours)) => prop_assert_eq!(plain, ours),
            _ => prop_assert!(false, "one of them carries it"),
        }
    }

    #[test]
    fn no_word_makes_a_wrong_connection(connection in connections(), aliases in extra_words()) {
        let secret = Secret::Connection(connection.clone());
        let dialect = dialect(aliases);
        if let Judgement::Fits { stored, .. } = judge(&name(), &secret, &dialect, Form::Json, &[]) {
            let Ok(Some(Secret::Connection(back))) = dialect.normalise(&name(), &stored, &[]) else {
                return Err(proptest::test_runner::TestCaseError::fail("it is not read"));
            };
            for field in [Field::Login, Field::Password, Field::Host, Field::Schema] {
                let text = |connection: &Connection| connection.text(field).cloned().unwrap_or_else(|| "".into());
                prop_assert_eq!(text(&connection), text(&back), "{}", field);
            }
            prop_assert_eq!(connection.port.unwrap_or_default(), back.port.unwrap_or_default());
        }
    }

    #[test]
    fn what_joins_a_secret_of_others_is_read(
        connection in connections(),
        aliases in extra_words(),
        keys in collection::vec((sample::select(&WORDS[..]), text()), 0..6),
    ) {
        let existing = keys.iter().map(|(key, text)| {
            (Text::from(*key), text.as_ref().map_or(Value::Null, |text| Value::Text(text.into())))
        });
        let existing = dumps(&Value::Object(existing.collect())).to_secret().expect("JSON is ASCII");
        let dialect = dialect(aliases);
        let Ok(new) = dialect.render(&Secret::Connection(connection), Form::Json) else { return Ok(()) };
        if let Ok(merged) = dialect.merge(Kind::Connection, new.clone(), &existing) {
            let seen = |stored| dialect.normalise(&name(), stored, &[Reader::Airflow3Worker]);
            prop_assert_eq!(seen(&new), seen(&merged));
            let (before, after) = (dialect.other_keys(Kind::Connection, &existing), object(&merged).ok().flatten());
            let kept = before.iter().all(|key| after.as_ref().is_some_and(|after| after.contains(key)));
            prop_assert!(kept);
        }
    }
}
