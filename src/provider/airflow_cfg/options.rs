//! The options that Airflow looks up in a secrets backend: those it marks as sensitive, and only them.

/// Every sensitive option of Airflow 2.11 and 3.3 and of the providers known to have some, as section and option.
pub const SENSITIVE: &[(&str, &str)] = &[
    ("api", "secret_key"),
    ("api_auth", "jwt_secret"),
    ("atlas", "password"),
    ("celery", "broker_url"),
    ("celery", "flower_basic_auth"),
    ("celery", "result_backend"),
    ("celery_broker_transport_options", "sentinel_kwargs"),
    ("core", "asset_manager_kwargs"),
    ("core", "dataset_manager_kwargs"),
    ("core", "fernet_key"),
    ("core", "internal_api_secret_key"),
    ("core", "sql_alchemy_conn"),
    ("database", "sql_alchemy_conn"),
    ("database", "sql_alchemy_conn_async"),
    ("database", "sql_alchemy_engine_args"),
    ("logging", "remote_task_handler_kwargs"),
    ("opensearch", "password"),
    ("secrets", "backend_kwargs"),
    ("sentry", "sentry_dsn"),
    ("smtp", "smtp_password"),
    ("webserver", "secret_key"),
    ("workers", "secrets_backend_kwargs"),
];

/// The variable that sets an option.
pub fn variable(section: &str, option: &str) -> String {
    format!("{VARIABLES}{}__{}", section.to_uppercase(), option.to_uppercase())
}

/// What the variables of options start with.
pub const VARIABLES: &str = "AIRFLOW__";
