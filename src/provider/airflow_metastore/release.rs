//! Which Airflow a migration revision belongs to. For people only: nothing is decided by it.

/// Names the releases that stamp a metastore with `revision`; `None` for one we do not know, which is fine.
pub fn of_revision(revision: &str) -> Option<&'static str> {
    HEADS.iter().find(|(head, _)| *head == revision).map(|(_, release)| *release)
}

/// The heads of the migrations, from the released packages.
const HEADS: [(&str, &str); 37] = [
    ("952da73b5eff", "1.10.10"),
    ("a66efa278eea", "1.10.11"),
    ("da3f683c3a5a", "1.10.12"),
    ("03afc6b6f902", "1.10.13 to 1.10.15"),
    ("e959f08ac86c", "2.0.0"),
    ("82b7c48c147f", "2.0.1"),
    ("2e42bb497a22", "2.0.2"),
    ("a13f7613ad25", "2.1.0 to 2.1.2"),
    ("97cdd93827b8", "2.1.3"),
    ("ccde3e26fe78", "2.1.4"),
    ("7b2661a43ba3", "2.2.0 to 2.2.2"),
    ("be2bfac3da23", "2.2.3"),
    ("587bdf053233", "2.2.4 or 2.2.5"),
    ("b1b348e02d07", "2.3.0"),
    ("1de7bc13c950", "2.3.1"),
    ("3c94c427fdf6", "2.3.2"),
    ("f5fcbda3e651", "2.3.3 or 2.3.4"),
    ("ecb43d2a1842", "2.4.0 or 2.4.1"),
    ("b0d31815b5a6", "2.4.2"),
    ("e07f49787c9d", "2.4.3"),
    ("290244fb8b83", "2.5"),
    ("98ae134e6fff", "2.6.0 or 2.6.1"),
    ("c804e5c76e3e", "2.6.2 or 2.6.3"),
    ("4bc4d934e2bc", "2.6.2 or 2.6.3"),
    ("405de8318b3a", "2.7"),
    ("10b52ebd31f7", "2.8.0"),
    ("88344c1d9134", "2.8.1 to 2.8.4"),
    ("1949afb29106", "2.9.0 or 2.9.1"),
    ("686269002441", "2.9.2 or 2.9.3"),
    ("22ed7efa9da2", "2.10.0 to 2.10.2"),
    ("5f2621c13b39", "2.10.3 to 2.11"),
    ("29ce7909c52b", "3.0.0 to 3.0.2"),
    ("fe199e1abd77", "3.0.3 or later 3.0"),
    ("cc92b33c6709", "3.1.0 or later 3.1"),
    ("509b94a1042d", "3.1.8 or later 3.1"),
    ("1d6611b6ab7c", "3.2"),
    ("d2f4e1b3c5a7", "3.3"),
];
