//! Digests and contents of rows, cell by cell.

use super::*;
use crate::model::{MasterKey, Purpose};
use crate::provider::airflow_metastore::layout::TeamColumn;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const HUNTER: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAC6alXEl-PxDz1q5UwnfXNwyf8_xEb2btvkcPYVsymb21JCX8JhAjaW1_5g_Tnxm9Q==";
const EMPTY: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAM1N-Y9qS0VXYKUjr6BoffxDsWdiBZ6_vDD4pRjmNtsYVUDK2Rt44BzVN6ceFIVf_g==";
const BYTES: &str =
    "gAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAMtpA-lzkcrzFiY_8Bae4_hmobOrocal2P7VJosRobh522A9vUfmKDHPWx5JoP2dkw==";

fn text(text: &str) -> Cell {
    Cell::text(text.as_bytes())
}

fn connection(cells: &[(&'static str, Cell)]) -> Row {
    Row { kind: Kind::Connection, id: text("db"), team: Cell::Null, columns: cells.to_vec() }
}

fn variable(val: Cell, flag: Cell) -> Row {
    Row { kind: Kind::Variable, id: text("v"), team: Cell::Null, columns: vec![("val", val), ("is_encrypted", flag)] }
}

fn shown(row: &Row) -> String {
    match row.content(&Keyring::parse(KEY).expect("a good key")) {
        Content::Value(value) => value.expose().to_owned(),
        Content::Nothing => "nothing".to_owned(),
        Content::Quarantined(why) => format!("{why:?}"),
    }
}

#[test]
fn a_connection_is_its_columns_nulls_left_out() {
    let row = connection(&[
        ("conn_type", text("postgres")),
        ("host", text("")),
        ("password", text(HUNTER)),
        ("port", Cell::Integer(5432)),
        ("extra", text("{\"a\": 1.10}\n")),
        ("is_encrypted", Cell::Integer(1)),
        ("is_extra_encrypted", Cell::Null),
    ]);
    assert_eq!(
        shown(&row),
        r#"{"conn_type":"postgres","host":"","password":"hunter2","port":5432,"extra":"{\"a\": 1.10}\n"}"#
    );
    assert_eq!(shown(&connection(&[])), "{}");
}

#[test]
fn each_flag_speaks_for_its_own_column() {
    let row = |password: i64, extra: i64| {
        connection(&[
            ("password", text(HUNTER)),
            ("extra", text(HUNTER)),
            ("is_encrypted", Cell::Integer(password)),
            ("is_extra_encrypted", Cell::Integer(extra)),
        ])
    };
    assert_eq!(shown(&row(0, 1)), format!(r#"{{"password":"{HUNTER}","extra":"hunter2"}}"#));
    assert_eq!(shown(&row(1, 0)), format!(r#"{{"password":"hunter2","extra":"{HUNTER}"}}"#));
}

#[test]
fn an_empty_text_under_a_flag_is_empty_in_a_connection_and_no_token_in_a_variable() {
    let row = connection(&[("password", text("")), ("is_encrypted", Cell::Integer(1))]);
    assert_eq!(shown(&row), r#"{"password":""}"#);
    assert_eq!(shown(&variable(text(""), Cell::Integer(1))), r#"Undecryptable("val")"#);
    assert_eq!(shown(&variable(text(EMPTY), Cell::Integer(1))), "");
    assert_eq!(shown(&variable(text(""), Cell::Null)), "");
}

#[test]
fn what_cannot_be_understood_is_quarantined_by_column() {
    let flagged = |cell: Cell| connection(&[("password", cell), ("is_encrypted", Cell::Integer(1))]);
    for (row, expected) in [
        (flagged(text("plain")), r#"Undecryptable("password")"#),
        (flagged(Cell::Integer(5)), r#"Undecryptable("password")"#),
        (flagged(text(BYTES)), r#"Malformed("password is not UTF-8 once decrypted")"#),
        (connection(&[("host", Cell::text(b"\xff"))]), r#"Malformed("host is not UTF-8")"#),
        (connection(&[("port", text("http"))]), r#"Malformed("port is not a whole number")"#),
        (variable(text("x"), text("maybe")), r#"Malformed("is_encrypted is neither true nor false")"#),
    ] {
        assert_eq!(shown(&row), expected);
    }
}

#[test]
fn a_variable_without_a_value_is_void() {
    assert!(variable(Cell::Null, Cell::Integer(1)).is_void());
    assert!(!variable(text(""), Cell::Null).is_void());
    assert!(!connection(&[]).is_void());
    assert_eq!(shown(&variable(Cell::Null, Cell::Integer(1))), "nothing");
}

#[test]
fn keys_need_a_name_and_a_team_that_can_be_spelled() {
    let key = |id: Cell, team: Cell| Row { kind: Kind::Connection, id, team, columns: vec![] }.key();
    assert_eq!(key(text("a/b"), Cell::Null), Ok(RemoteKey::new("connections/a/b")));
    assert_eq!(key(text("a"), text("data")), Ok(RemoteKey::new("connections@data/a")));
    for id in [Cell::Null, text(""), Cell::Integer(5), Cell::text(b"\xff")] {
        assert_eq!(key(id, Cell::Null), Err(Nameless::Id));
    }
    for team in [text(""), text("a/b"), Cell::Integer(5)] {
        assert_eq!(key(text("a"), team), Err(Nameless::Team));
    }
}

#[test]
fn the_digest_sees_every_cell_its_type_and_its_name() {
    let key = MasterKey::random().subkey(Purpose::Revision);
    let mut rows = vec![
        connection(&[("host", Cell::Null), ("login", text("a"))]),
        connection(&[("host", text("a")), ("login", Cell::Null)]),
        connection(&[("host", Cell::Null), ("schema", text("a"))]),
        connection(&[("host", text("")), ("login", text("a"))]),
        connection(&[("host", Cell::Integer(1)), ("login", text("a"))]),
        connection(&[("host", text("1")), ("login", text("a"))]),
        connection(&[("host", Cell::Null), ("login", text(HUNTER))]),
        connection(&[("host", Cell::Null)]),
    ];
    for (id, team, kind) in [
        (text("db2"), Cell::Null, Kind::Connection),
        (text("db"), text("t"), Kind::Connection),
        (text("db"), Cell::Null, Kind::Variable),
    ] {
        rows.push(Row { kind, id, team, columns: vec![("host", Cell::Null), ("login", text("a"))] });
    }
    let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| row.digest(&key)).collect();
    assert_eq!(digests.len(), rows.len());
    assert_eq!(rows[0].digest(&key), connection(&[("host", Cell::Null), ("login", text("a"))]).digest(&key));
    assert_ne!(rows[0].digest(&key), rows[0].digest(&MasterKey::random().subkey(Purpose::Revision)));
}

#[test]
fn cells_come_in_the_order_of_the_selection() {
    let selection = Selection {
        kind: Kind::Variable,
        schema: None,
        table: "variable",
        id: "key",
        team: TeamColumn::Name,
        columns: vec!["val", "is_encrypted"],
    };
    let row = Row::new(&selection, vec![text("k"), text("t"), text("v"), Cell::Null]);
    assert_eq!((row.key(), shown(&row)), (Ok(RemoteKey::new("variables@t/k")), "v".to_owned()));
}
