-- metastore-1.10.sql: a SQLite metastore as Airflow 1.10.15 leaves it, reduced to the tables that hold secrets.
--
-- Its schema lets through what later ones refuse: several rows under one conn_id, rows without an id, NULL flags.
-- The tokens are Fernet's, under the keys of tests/airflow/corpus.py; metastore-1.10.jsonl says what is in them.

CREATE TABLE alembic_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES ('03afc6b6f902');

CREATE TABLE connection (
  id INTEGER NOT NULL,
  conn_id VARCHAR(250),
  conn_type VARCHAR(500),
  host VARCHAR(500),
  schema VARCHAR(500),
  login VARCHAR(500),
  password VARCHAR(5000),
  port INTEGER,
  extra VARCHAR(5000),
  is_encrypted BOOLEAN,
  is_extra_encrypted BOOLEAN,
  PRIMARY KEY (id),
  CHECK (is_encrypted IN (0, 1)),
  CHECK (is_extra_encrypted IN (0, 1))
);

CREATE TABLE variable (
  id INTEGER NOT NULL,
  key VARCHAR(250),
  val TEXT,
  is_encrypted BOOLEAN,
  PRIMARY KEY (id),
  UNIQUE (key)
);

INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (1, 'postgres_main', 'postgres', 'db.example.com', 'shop', 'etl', 'gAAAAABeLOMBaW5pdGlhbC12ZWN0b3ItMVYHx969gyhsDi1XhWxnl35M-6k3sRNn_IZ46wyG7Kb7QpSs1KrNly5IXMeto_BBMA==', 5432, 'gAAAAABeLOMCaW5pdGlhbC12ZWN0b3ItMpTdH5YL_ff9DLs_nR8N1ffb-I55z1gUE6K1JmK9-a02zsueGLnGKzmN-ea53PygLaRTj5E1sMMKo8hPQcwkB6I=', 1, 1);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (2, 'older_key', 'mysql', 'MySQL.example.com', 'shop', 'etl', 'gAAAAABeLOMDaW5pdGlhbC12ZWN0b3ItMwlZGGFDcN_d0IE4do_bTwqurLM9OS2V3H7IWznWmjTeND1OgpcmOPNRgGd2lVm0P3jNTKgsFf5faB7A2qcqfFI=', 3306, 'gAAAAABeLOMEaW5pdGlhbC12ZWN0b3ItNE3MhXMMm7nQVZtmJpbKwM0EljfpKlODQFvcT-zA6pNoGUXSs98-0zfSze9uyDr-_kpiQVr3PEKTTlLmrBaSWpo=', 1, 1);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (3, 'unknown_key', 'http', 'https://api.example.com', NULL, 'u', 'gAAAAABeLOMFaW5pdGlhbC12ZWN0b3ItNbtb8oK2gvK07KmhOHu16x0UsRYIdlFTV3bfHH0_mz-SfR-qiT7Xqq3Ibij-kett2Q==', NULL, 'gAAAAABeLOMGaW5pdGlhbC12ZWN0b3ItNmfmEz_ToIu4LeGeydf_urdgjN1vW0Tjz4YrM_QvJnr3keJ4HcQxLzCMoRTYoOaL4A==', 1, 1);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (4, 'plain_row', 'ftp', 'ftp.example.com', NULL, 'anonymous', 'guest', 21, '{"passive": true}', 0, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (5, 'flags_null', 'ssh', 'ssh.example.com', NULL, 'root', 'plain under a null flag', 22, '{"timeout": "10"}', NULL, NULL);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (6, 'password_only_encrypted', 'aws', NULL, NULL, 'login', 'gAAAAABeLOMLaW5pdGlhbC12ZWN0b3ItMSaGFinxfPHxfGrcsPkG8vwH7t2pMhF34OLTZlNEchVDrkW7HqoWXPPLbMjddCQSeQ==', NULL, '{"region_name": "eu-west-1"}', 1, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (7, 'extra_not_json', 'fs', NULL, NULL, NULL, NULL, NULL, 'gAAAAABeLOMOaW5pdGlhbC12ZWN0b3ItMWNE5fLsvczkKa0V3hFiJn05r6FETH-0AtWfBsGy-ymH7g3RV3kS0hSLG6e39SYLnw==', 0, 1);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (8, 'type_null', NULL, 'host.example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (9, 'empties', '', '', '', '', '', 0, '', 0, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (10, 'twice', 'http', 'first.example.com', NULL, NULL, 'gAAAAABeLOMTaW5pdGlhbC12ZWN0b3ItMQ6Mdf-afOeP9PZfjSGegLwM067atMvGRCAZqRDH7jOlYAYt5P10f08UKHPxkoW-WQ==', NULL, NULL, 1, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (11, 'twice', 'http', 'second.example.com', NULL, NULL, 'gAAAAABeLOMVaW5pdGlhbC12ZWN0b3ItMjY3_letPfdqqrDWtpFrEt5Pe9qDIo7DtEe7l4h7vOcPvDqxilS3MqVscnqp7AtuOA==', NULL, NULL, 1, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (12, 'has space/ü', 'http', 'h', NULL, NULL, 'gAAAAABeLOMXaW5pdGlhbC12ZWN0b3ItMtk_I5AWQnA0XBWTYdCc666AdxQLBIgYanq2zYL9Lbtzs81duKSsEL8JOtCxN2XnPQ==', NULL, NULL, 1, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (13, NULL, 'http', 'nameless.example.com', NULL, NULL, 'gAAAAABeLOMZaW5pdGlhbC12ZWN0b3ItMtk_I5AWQnA0XBWTYdCc666EZev2oquJCLhCaPz7HkiMqbSjRKhPSvmWXQR7my9gHw==', NULL, NULL, 1, 0);
INSERT INTO connection (id, conn_id, conn_type, host, schema, login, password, port, extra, is_encrypted, is_extra_encrypted)
  VALUES (14, 'poisoned', 'http', 'h', NULL, 'u', 'gAAAAABeLOMbaW5pdGlhbC12ZWN0b3ItMuX0yW0AmtfkqfbIiCnxKFmPE_XXq3rM22faQftSXSuoBm2v0TowdAlnjMVsqynI7Q==', NULL, NULL, 1, 0);

INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (1, 'text', 'gAAAAABeLOMdaW5pdGlhbC12ZWN0b3ItMvNHdPXpWgG6NgQTnmo4x3F9EFg1xnRPfT5GBwjxv1jzftAwaS2n6r9rbLQDEtEQxg==', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (2, 'json', 'gAAAAABeLOMeaW5pdGlhbC12ZWN0b3ItMzNcSpiHClH6qzltLR2dyPwbOdmN0g7WiujWmjI4PmiTjkephafi0A5Zyvp8u7sxCtzReqxu-pQ7PzjUHFOF7gk=', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (3, 'empty', 'gAAAAABeLOMfaW5pdGlhbC12ZWN0b3ItMyN7pfVev3ha73WwWbnM9t1iVynnhpNq_X9oHQCt5zK826yJHXhZNqqXgEQmqDs0RA==', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (4, 'empty_plain', '', 0);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (5, 'null_value', NULL, NULL);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (6, 'older_key', 'gAAAAABeLOMiaW5pdGlhbC12ZWN0b3ItMwlZGGFDcN_d0IE4do_bTwqurLM9OS2V3H7IWznWmjTeSfcdfeTyMBjyfCAbvajA9eP0SE-h6VscVqiDGoJbSzc=', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (7, 'unknown_key', 'gAAAAABeLOMjaW5pdGlhbC12ZWN0b3ItM-sCx36VLa7apiDisDnT6SSpv68xRjq7nvPvOQC_SdKoZOLYkvuW-AtIuhf-OuIHsw==', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (8, 'plain', 'as it is', 0);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (9, 'null_flag', 'flag is null', NULL);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (10, 'a/b c', 'gAAAAABeLOMmaW5pdGlhbC12ZWN0b3ItM09q67g2ALM0LbrtwVVviMpHd5qvZYBOykGUIbIchxnUolt4QLwIwxYILMI6fnPG6Q==', 1);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (11, NULL, 'nameless', 0);
INSERT INTO variable (id, key, val, is_encrypted)
  VALUES (12, 'poisoned', 'gAAAAABeLOMoaW5pdGlhbC12ZWN0b3ItNPAc1pIKkikPuVKQzt1b9KXnC45uqiRwSS4ukqMBY1hOGGYMrDMqABv-qlKSdEaBfg==', 1);
